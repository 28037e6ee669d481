import type { RunConfig } from '../../contract/settings.ts'
import { openRowStore } from '../../data/row-store.ts'
import { preparationOf } from '../../tasks/preparation.ts'
import type { PreparedData } from '../../tasks/task.ts'
import type { PreflightSpec } from '../../worker/protocol.ts'
import { openReading } from '../reading.ts'

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
  const store = openRowStore(datasetDir)
  try {
    const held = Math.round(store.count * config.validation_split)
    const evalRows = Math.min(held, config.max_eval_samples ?? held)
    const rest = Math.max(1, Math.round((store.count - held) * config.train_share))
    const trainRows = config.method === 'none' ? 0 : Math.min(rest, config.max_train_samples ?? rest)
    const all = whole || (trainRows <= trainSample && evalRows <= evalSample)
    const { reading } = await openReading(store, modelDir, true)
    const limits = all ? config : thinned(config, trainRows, evalRows)
    const { prepare, longest: lengthOf } = preparationOf(config, String(reading.modelConfig.model_type))
    const data = await prepare(store, labels, reading, limits, onRow)
    const { padId } = reading.tokens
    if (all) {
      const scale = { train: 1, validation: 1 }
      const [train, validation] = [data.train.rows.length, data.validation.rows.length]
      return { data, padId, scale, trainRows: train, evalRows: validation, longest: 0, whole: true }
    }
    const scale = {
      train: trainRows / Math.max(1, data.train.rows.length),
      validation: evalRows / data.validation.rows.length,
    }
    const longest = Math.max(
      0,
      ...(lengthOf ? store.largest(longTexts).map((row) => lengthOf(row, reading, config)) : []),
    )
    return { data, padId, scale, trainRows, evalRows, longest, whole: false }
  } finally {
    store.close()
  }
}

function thinned(config: RunConfig, trainRows: number, evalRows: number): RunConfig {
  return {
    ...config,
    max_train_samples: Math.max(1, Math.min(trainRows, trainSample)),
    max_eval_samples: Math.min(evalRows, evalSample),
  }
}
