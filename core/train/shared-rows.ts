import type { Examples, TokenRows } from '../data/batches.ts'
import type { RunData } from './prepare.ts'

/** Examples whose token ids, where they have some, lie one after the other in memory that threads share. */
type SharedExamples = Examples & { readonly flat?: Int32Array }

/** A run's data as it passes between threads without being copied row by row. */
export interface SharedData extends Omit<RunData, 'data'> {
  readonly data: Omit<RunData['data'], 'train' | 'validation'> & Record<'train' | 'validation', SharedExamples>
}

export function share({ data, ...rest }: RunData): SharedData {
  return { ...rest, data: { ...data, train: flattened(data.train), validation: flattened(data.validation) } }
}

export function unshare({ data, ...rest }: SharedData): RunData {
  return { ...rest, data: { ...data, train: rowsOf(data.train), validation: rowsOf(data.validation) } }
}

function flattened(examples: Examples | TokenRows): SharedExamples {
  if (!('ids' in examples)) return examples
  const { ids, ...others } = examples
  const flat = new Int32Array(new SharedArrayBuffer(4 * others.lengths.reduce((sum, length) => sum + length, 0)))
  let at = 0
  for (const row of ids) {
    flat.set(row, at)
    at += row.length
  }
  return { ...others, flat }
}

function rowsOf({ flat, ...others }: SharedExamples): Examples | TokenRows {
  if (flat === undefined) return others
  let at = 0
  const ids = Array.from(others.lengths, (length) => {
    at += length
    return flat.subarray(at - length, at)
  })
  return { ...others, ids }
}
