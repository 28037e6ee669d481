import type { RunPlan } from '../contract/domain.ts'
import type { RunConfig } from '../contract/settings.ts'
import { chooseBuckets, type Examples } from '../data/batches.ts'
import type { PreparedData } from '../tasks/task.ts'
import type { TrainSpec } from '../worker/protocol.ts'
import type { LoadedModel } from './load-model.ts'
import type { ProgramLengths } from './programs.ts'
import { totalSteps } from './schedule.ts'
import { countParameters, type Trainable } from './trainable.ts'
import { trainedSpecs } from './weights.ts'

/** The padded lengths of both sides; none where nothing is trained. */
export function lengthsOf(
  { train, validation }: Record<'train' | 'validation', Pick<Examples, 'lengths'>>,
  config: Pick<RunConfig, 'max_length' | 'max_target_length' | 'method'>,
): { train: number[]; evaluate: number[] } {
  return {
    train: config.method === 'none' ? [] : bucketsOf(train, config),
    evaluate: bucketsOf(validation, config),
  }
}

/** The padded lengths of some examples. */
export function bucketsOf(
  { lengths }: Pick<Examples, 'lengths'>,
  { max_length, max_target_length }: Pick<RunConfig, 'max_length' | 'max_target_length'>,
): number[] {
  const most = Math.max(max_length, max_target_length ?? 0)
  // Windows of episodes are as long as context_length says, and no text.
  return chooseBuckets(
    lengths,
    lengths.reduce((a, b) => Math.max(a, b), most),
  )
}

/** What is known of a run before its first step. */
export function planOf(
  { config, labels }: TrainSpec,
  model: LoadedModel,
  trainable: Trainable,
  data: PreparedData,
  lengths: ProgramLengths,
): RunPlan {
  const batches = Math.ceil(data.train.lengths.length / config.per_device_train_batch_size)
  const stepsPerEpoch = Math.max(1, Math.ceil(batches / config.gradient_accumulation_steps))
  return {
    totalSteps: totalSteps(config, stepsPerEpoch),
    stepsPerEpoch,
    trainRows: data.train.rows.length,
    evalRows: data.validation.rows.length,
    labels: [...labels],
    parameters: countParameters({ ...model.parameters, ...trainable.adapters }),
    trainableParameters: countParameters(trainedSpecs(model, trainable)),
    lengthBuckets: [...new Set([...lengths.train, ...lengths.evaluate])].sort((a, b) => a - b),
    truncatedShare: data.truncatedShare,
  }
}
