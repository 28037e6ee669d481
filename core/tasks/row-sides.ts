import type { DatasetRow } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Examples } from '../data/batches.ts'
import type { RowStore } from '../data/row-store.ts'
import type { Split } from '../data/split.ts'
import { sidesOf } from './sides.ts'
import type { PrepareConfig, PreparedData } from './task.ts'

/** Rows of one side as examples, and how many of them lost something to max_length. */
export interface EncodedSide<E extends Examples> {
  readonly examples: E
  readonly truncated: number
}

/** The rows of a side, read one after the other. */
export type RowReader = Iterable<DatasetRow>

/**
 * The rows of both sides of a dataset without classes; `what` they are called. Throws AttuneError bad_data where none can
 * be held out.
 */
export function unlabelledSides(store: RowStore, config: PrepareConfig, what = 'rows'): Split {
  const sides = sidesOf(new Int32Array(store.count), config)
  if (sides.train.length > 0 && sides.validation.length > 0) return sides
  throw new AttuneError('bad_data', `The dataset has too few ${what} to split (${store.count}): two are needed.`)
}

/** Both sides of such a dataset: `encode` makes a side of its rows; `held` says that it is the validation side. */
export function prepareSides<E extends Examples>(
  store: RowStore,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
  encode: (rows: Int32Array, reader: RowReader, held: boolean) => EncodedSide<E>,
): PreparedData<E> {
  return encodeSides(store, unlabelledSides(store, config), onRow, encode)
}

/** The same of rows that are split already. */
export function encodeSides<E extends Examples>(
  store: RowStore,
  { train, validation }: Split,
  onRow: (done: number, total: number) => void,
  encode: (rows: Int32Array, reader: RowReader, held: boolean) => EncodedSide<E>,
): PreparedData<E> {
  const total = train.length + validation.length
  let done = 0
  const side = (rows: Int32Array, held: boolean) => {
    function* reader(): Generator<DatasetRow> {
      for (const row of rows) {
        yield store.read(row)
        onRow(++done, total)
      }
    }
    return encode(rows, reader(), held)
  }
  const [learnt, held] = [side(train, false), side(validation, true)]
  return {
    train: learnt.examples,
    validation: held.examples,
    truncatedShare: (learnt.truncated + held.truncated) / total,
  }
}

/** The tokens of each input of a prediction; `onRow` is called after each and may throw to stop. */
export function encodeEach<T>(
  inputs: readonly T[],
  encode: (input: T) => { readonly ids: Int32Array },
  onRow: () => void,
): Int32Array[] {
  return inputs.map((input) => {
    const { ids } = encode(input)
    onRow()
    return ids
  })
}
