import type { DatasetRow } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { type TokenRows, tokenRows } from '../data/batches.ts'
import type { RowStore } from '../data/row-store.ts'
import { encodeEach } from './row-sides.ts'
import { sidesOf } from './sides.ts'
import type { Preparation, PrepareConfig, PreparedData, Reading } from './task.ts'

/** Tokenised rows, one sequence each. */
export interface LabelledRows extends TokenRows {
  /** Class ids. */
  readonly labels: Int32Array
}

export const labelledRows: Preparation<LabelledRows> = {
  prepare: prepareLabelled,
  longest: (row, { tokens }, { max_length }) => tokens.encode(row, max_length).ids.length,
  inputs(texts, _labels, { tokenizer }, { max_length }, onRow) {
    const { rows, labels } = unknownLabels(texts)
    const ids = encodeEach(texts, ({ text }) => tokenizer.encode(text, max_length), onRow)
    return { ...tokenRows(rows, ids), labels }
  },
}

/** Throws AttuneError bad_data: one class only, an unknown label, or nothing to hold out. */
function prepareLabelled(
  store: RowStore,
  labels: readonly string[],
  { tokens, modelConfig }: Pick<Reading, 'tokens' | 'modelConfig'>,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
): PreparedData<LabelledRows> {
  const { train, validation } = labelledSides(store, labels, config)
  const total = train.rows.length + validation.rows.length
  let done = 0
  let truncated = 0
  const encode = ({ rows, labels: classes }: LabelledSide): LabelledRows => {
    const ids = Array.from(rows, (row) => {
      const { ids, length } = tokens.encode(row, config.max_length)
      if (length > ids.length) truncated++
      onRow(++done, total)
      return ids
    })
    return { ...tokenRows(rows, ids), labels: classes }
  }
  // A decoder's last token is found by what follows it: transformers needs to know that.
  const fields = (modelConfig.pad_token_id ?? null) === null ? { pad_token_id: tokens.eosId ?? tokens.padId } : {}
  return { train: encode(train), validation: encode(validation), truncatedShare: truncated / total, fields }
}

/** Rows and their class ids. */
export interface LabelledSide {
  readonly rows: Int32Array
  readonly labels: Int32Array
}

/** Rows of a prediction: each stands for the first class, which nothing that is told depends on. */
export function unknownLabels(rows: readonly DatasetRow[]): LabelledSide {
  return { rows: Int32Array.from(rows, ({ row }) => row), labels: new Int32Array(rows.length) }
}

/** Both sides of a labelled dataset, by class. Throws AttuneError bad_data as preparing them does. */
export function labelledSides(
  store: RowStore,
  labels: readonly string[],
  config: PrepareConfig,
): Record<'train' | 'validation', LabelledSide> {
  const classes = classIds(store, labels)
  const { train, validation } = sidesOf(classes, config)
  if (train.length === 0 || validation.length === 0) {
    const message = `The dataset has too few rows to split (${store.count}): at least one class needs two of them.`
    throw new AttuneError('bad_data', message)
  }
  const side = (rows: Int32Array): LabelledSide => ({ rows, labels: rows.map((row) => classes[row] as number) })
  return { train: side(train), validation: side(validation) }
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
