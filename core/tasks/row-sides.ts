import type { DatasetRow } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Examples } from '../data/batches.ts'
import type { RowStore } from '../data/row-store.ts'
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
 * Both sides of a dataset without classes. `encode` makes a side of its rows; `validation` says which one it is. Throws
 * AttuneError bad_data where no row can be held out.
 */
export function prepareSides<E extends Examples>(
  store: RowStore,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
  encode: (rows: Int32Array, reader: RowReader, validation: boolean) => EncodedSide<E>,
): PreparedData<E> {
  const { train, validation } = sidesOf(new Int32Array(store.count), config)
  if (train.length === 0 || validation.length === 0) {
    throw new AttuneError('bad_data', `The dataset has too few rows to split (${store.count}): two are needed.`)
  }
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
