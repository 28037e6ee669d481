import type { RunConfig, TaskName } from '../../contract/settings.ts'
import { openRowStore, type RowStore } from '../../data/row-store.ts'
import { RememberedTokens } from '../../data/row-tokens.ts'
import type { Tokenizer, TokenizerFiles } from '../../data/tokenizers/tokenizer.ts'
import { preparationOf } from '../../tasks/preparation.ts'
import type { PreparedData } from '../../tasks/task.ts'

/** A run's data, or as much of it as tells how the whole will be. */
export interface DataSample {
  readonly data: PreparedData
  /** How many times the sampled rows each side has. 1 where the sample is the whole. */
  readonly scale: { readonly train: number; readonly validation: number }
  /** Rows of each side. */
  readonly trainRows: number
  readonly evalRows: number
  /** Tokens of the longest text, cut to the maximum length; the sample may have missed it. */
  readonly longest: number
  /** Whether all of it was looked at. */
  readonly whole: boolean
}

/** About a third of a second of tokenising. */
const trainSample = 1000
const evalSample = 300
/** Texts that are looked at for the longest, the largest records first. */
const longTexts = 16

/** Splits and tokenises as a run does, but at most some rows of each side where `whole` is false. */
export function sampleData(
  task: TaskName,
  datasetDir: string,
  labels: readonly string[],
  files: TokenizerFiles,
  config: RunConfig,
  whole: boolean,
  onRow: (done: number, total: number) => void,
): DataSample {
  const store = openRowStore(datasetDir)
  try {
    const held = Math.round(store.count * config.validation_split)
    const evalRows = Math.min(held, config.max_eval_samples ?? held)
    const trainRows = Math.min(store.count - held, config.max_train_samples ?? store.count)
    const all = whole || (trainRows <= trainSample && evalRows <= evalSample)
    const limits = all ? config : thinned(config, trainRows, evalRows)
    const data = preparationOf(task)(store, labels, new RememberedTokens(store, files, false), limits, onRow)
    const longest = all ? longestIn(data) : Math.max(longestIn(data), longestText(store, files.build(), config))
    if (all) {
      const scale = { train: 1, validation: 1 }
      const [train, validation] = [data.train.rows.length, data.validation.rows.length]
      return { data, scale, trainRows: train, evalRows: validation, longest, whole: true }
    }
    const scale = { train: trainRows / data.train.rows.length, validation: evalRows / data.validation.rows.length }
    return { data, scale, trainRows, evalRows, longest, whole: false }
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

function longestIn({ train, validation }: PreparedData): number {
  return [...train.ids, ...validation.ids].reduce((longest, { length }) => Math.max(longest, length), 1)
}

function longestText(store: RowStore, tokenizer: Tokenizer, { max_length }: RunConfig): number {
  const lengths = store.largest(longTexts).map((row) => tokenizer.encode(store.read(row).text, max_length).ids.length)
  return Math.max(1, ...lengths)
}
