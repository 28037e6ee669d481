import type { RunConfig } from '../contract/settings.ts'
import { type Split, shareOfRows, splitRows, thinRows } from '../data/split.ts'

/** Streams of the generator that thins the two sides: the split seed decides, so runs can be judged on the same rows. */
const trainStream = 11
const validationStream = 12

type SideConfig = Pick<
  RunConfig,
  'validation_split' | 'split_seed' | 'max_train_samples' | 'max_eval_samples' | 'train_share'
>

/**
 * The rows that a run trains on and those that it is judged on; either may be empty where there are too few. `labelIds`
 * has one class id for every row, all the same where there are no classes.
 */
export function sidesOf(labelIds: ArrayLike<number>, config: SideConfig): Split {
  const { validation_split: held, split_seed: seed, train_share: share } = config
  const split = splitRows(labelIds, held, seed)
  return {
    train: thinRows(shareOfRows(split.train, labelIds, share, seed), config.max_train_samples, seed, trainStream),
    validation: thinRows(split.validation, config.max_eval_samples, seed, validationStream),
  }
}
