import type { RunConfig } from '../../contract/settings.ts'
import { openRowStore, type RowStore } from '../../data/row-store.ts'
import { RememberedTokens, type RowTokens } from '../../data/row-tokens.ts'
import { readTokenizer } from '../../data/tokenizers/tokenizer.ts'
import { preparationOf } from '../../tasks/preparation.ts'
import type { PreparedData } from '../../tasks/task.ts'
import type { PreflightSpec } from '../../worker/protocol.ts'

/** A run's data, or as much of it as tells how the whole will be. */
export interface DataSample {
  readonly data: PreparedData
  readonly padId: number
  /** How many times the sampled rows each side has. 1 where the sample is the whole. */
  readonly scale: { readonly train: number; readonly validation: number }
  /** Rows of each side. */
  readonly trainRows: number
  readonly evalRows: number
  /** Tokens of the longest text, cut to the maximum length, where the sample may have missed it; else 0. */
  readonly longest: number
  /** Whether all of it was looked at. */
  readonly whole: boolean
}

/** About a third of a second of tokenising. */
const trainSample = 1000
const evalSample = 300
/** Texts that are looked at for the longest, the largest records first. */
const longTexts = 16

/** Splits and tokenises as a run does, but at most some rows of each side where `whole` is false. Throws as prepareData. */
export async function sampleData(
  { config, datasetDir, modelDir, labels }: Pick<PreflightSpec, 'config' | 'datasetDir' | 'modelDir' | 'labels'>,
  whole: boolean,
  onRow: (done: number, total: number) => void,
): Promise<DataSample> {
  const files = await readTokenizer(modelDir)
  const store = openRowStore(datasetDir)
  try {
    const held = Math.round(store.count * config.validation_split)
    const evalRows = Math.min(held, config.max_eval_samples ?? held)
    const trainRows = Math.min(store.count - held, config.max_train_samples ?? store.count)
    const all = whole || (trainRows <= trainSample && evalRows <= evalSample)
    const tokens = new RememberedTokens(store, files, true)
    const limits = all ? config : thinned(config, trainRows, evalRows)
    const data = preparationOf(config.task)(store, labels, tokens, limits, onRow)
    const { padId } = tokens
    if (all) {
      const scale = { train: 1, validation: 1 }
      const [train, validation] = [data.train.rows.length, data.validation.rows.length]
      return { data, padId, scale, trainRows: train, evalRows: validation, longest: 0, whole: true }
    }
    const scale = { train: trainRows / data.train.rows.length, validation: evalRows / data.validation.rows.length }
    const longest = longestText(store, tokens, config)
    return { data, padId, scale, trainRows, evalRows, longest, whole: false }
  } finally {
    store.close()
  }
}

function thinned(config: RunConfig, trainRows: number, evalRows: number): RunConfig {
  return {
    ...config,
    max_train_samples: Math.min(trainRows, trainSample),
    max_eval_samples: Math.min(evalRows, evalSample),
  }
}

function longestText(store: RowStore, tokens: RowTokens, { task, max_length }: RunConfig): number {
  // Those of text generation are tokenised as a whole, and cut into pieces afterwards.
  const cut = task === 'text-generation' ? Number.MAX_SAFE_INTEGER : max_length
  const lengths = store.largest(longTexts).map((row) => Math.min(max_length, tokens.encode(row, cut).ids.length))
  return Math.max(1, ...lengths)
}
