import type { TaskName } from '../contract/settings.ts'
import { openRowStore } from '../data/row-store.ts'
import { preparationOf } from '../tasks/preparation.ts'
import type { PrepareConfig, PreparedData } from '../tasks/task.ts'
import { openReading } from './reading.ts'

/** What a run's data is made from. */
export interface DataSpec {
  readonly task: TaskName
  readonly datasetDir: string
  /** For its tokenizer. */
  readonly modelDir: string
  readonly labels: readonly string[]
  readonly config: PrepareConfig
}

/** Both sides of a run's data, and what a run has to know of the tokenizer behind it. */
export interface RunData {
  readonly data: PreparedData
  readonly padId: number
  readonly tokenizerHash: string
  /** Rows that were tokenised now, and rows that an earlier run had tokenised in the same way. */
  readonly tokenised: number
  readonly remembered: number
}

/**
 * A run's data out of its row store: see tasks/preparation.ts. With `remembers`, tokenised rows are kept beside the dataset for
 * later runs. Throws AttuneError: bad_data, bad_file, not_found, unsupported.
 */
export async function prepareData(
  { task, datasetDir, modelDir, labels, config }: DataSpec,
  remembers: boolean,
  onRow: (done: number, total: number) => void,
): Promise<RunData> {
  const store = openRowStore(datasetDir)
  try {
    const { reading, tokens } = await openReading(store, modelDir, remembers)
    const data = await preparationOf({ ...config, task }, String(reading.modelConfig.model_type)).prepare(
      store,
      labels,
      reading,
      config,
      onRow,
    )
    tokens.remember()
    const { padId, hash, asked, known } = tokens
    return { data, padId, tokenizerHash: hash, tokenised: asked - known, remembered: known }
  } finally {
    store.close()
  }
}
