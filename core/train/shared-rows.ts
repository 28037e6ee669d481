import type { TokenRows } from '../data/batches.ts'
import type { RunData } from './prepare.ts'

/** Token rows whose ids lie one after the other in memory that threads share. */
type SharedRows = Omit<TokenRows, 'ids'> & { readonly flat: Int32Array; readonly lengths: Int32Array }

/** A run's data as it passes between threads without being copied row by row. */
export interface SharedData extends Omit<RunData, 'data'> {
  readonly train: SharedRows
  readonly validation: SharedRows
  readonly truncatedShare: number
}

export function share({ data: { train, validation, truncatedShare }, ...rest }: RunData): SharedData {
  return { ...rest, truncatedShare, train: flattened(train), validation: flattened(validation) }
}

export function unshare({ train, validation, truncatedShare, ...rest }: SharedData): RunData {
  return { ...rest, data: { train: rowsOf(train), validation: rowsOf(validation), truncatedShare } }
}

function flattened({ ids, ...others }: TokenRows): SharedRows {
  const lengths = Int32Array.from(ids, ({ length }) => length)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const flat = new Int32Array(new SharedArrayBuffer(4 * total))
  let at = 0
  for (const row of ids) {
    flat.set(row, at)
    at += row.length
  }
  return { ...others, flat, lengths }
}

function rowsOf({ flat, lengths, ...others }: SharedRows): TokenRows {
  let at = 0
  const ids = Array.from(lengths, (length) => {
    at += length
    return flat.subarray(at - length, at)
  })
  return { ...others, ids }
}
