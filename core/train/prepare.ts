import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { EncodedRows } from '../data/batches.ts'
import { openRowStore, type RowStore } from '../data/row-store.ts'
import { splitRows } from '../data/split.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import { permutation } from '../util/random.ts'

/** Both sides of a run's data, tokenised. Rows ascend. */
export interface PreparedRows {
  readonly train: EncodedRows
  readonly validation: EncodedRows
  /** Share of all these rows that were longer than max_length. */
  readonly truncatedShare: number
}

export type SplitConfig = Pick<
  RunConfig,
  'validation_split' | 'split_seed' | 'max_train_samples' | 'max_eval_samples' | 'max_length'
>

/** Streams of the generator that thins the two sides: the split seed decides, so runs can be judged on the same rows. */
const trainStream = 11
const validationStream = 12

/**
 * Splits a dataset and tokenises what the run will use, once. `onRow` is told how far it is and may throw to stop.
 * Throws AttuneError bad_data: one class only, an unknown label, or nothing to hold out.
 */
export function prepareRows(
  datasetDir: string,
  labels: readonly string[],
  tokenizer: Tokenizer,
  config: SplitConfig,
  onRow: (done: number, total: number) => void,
): PreparedRows {
  const store = openRowStore(datasetDir)
  try {
    const classes = classIds(store, labels)
    const split = splitRows(classes, config.validation_split, config.split_seed)
    if (split.train.length === 0 || split.validation.length === 0) {
      const message = `The dataset has too few rows to split (${store.count}): at least one class needs two of them.`
      throw new AttuneError('bad_data', message)
    }
    const train = thin(split.train, config.max_train_samples, config.split_seed, trainStream)
    const validation = thin(split.validation, config.max_eval_samples, config.split_seed, validationStream)
    const total = train.length + validation.length
    let done = 0
    let truncated = 0
    const encode = (rows: Int32Array): EncodedRows => {
      const ids = Array.from(rows, (row) => {
        const { ids, length } = tokenizer.encode(store.read(row).text, config.max_length)
        if (length > ids.length) truncated++
        onRow(++done, total)
        return ids
      })
      return { rows, labels: rows.map((row) => classes[row] as number), ids }
    }
    return { train: encode(train), validation: encode(validation), truncatedShare: truncated / total }
  } finally {
    store.close()
  }
}

/** The class id of every row of the dataset. */
function classIds(store: RowStore, labels: readonly string[]): Int32Array {
  if (labels.length < 2) {
    const only = labels.length === 1 ? ` ("${labels[0]}")` : ''
    throw new AttuneError('bad_data', `The dataset has fewer than two classes${only}: there is nothing to tell apart.`)
  }
  const idOf = new Map(labels.map((label, id) => [label, id]))
  const classes = new Int32Array(store.count)
  for (const { row, line, label } of store.iterate()) {
    const id = idOf.get(label)
    if (id === undefined) {
      throw new AttuneError(
        'bad_data',
        `Row ${row} (line ${line}) has the label "${label}", which the run does not know.`,
      )
    }
    classes[row] = id
  }
  return classes
}

/** At most `most` of the rows, drawn at random, in ascending order. */
function thin(rows: Int32Array, most: number | undefined, seed: number, stream: number): Int32Array {
  if (most === undefined || most >= rows.length) return rows
  const drawn = permutation(rows.length, seed, stream).subarray(0, most).toSorted()
  return drawn.map((i) => rows[i] as number)
}
