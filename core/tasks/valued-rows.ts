import { AttuneError } from '../contract/errors.ts'
import { type TokenRows, tokenRows } from '../data/batches.ts'
import { encodeEach, prepareSides } from './row-sides.ts'
import type { Preparation } from './task.ts'

/** Tokenised rows, one sequence each, and the number that each of them is to come to. */
export interface ValuedRows extends TokenRows {
  readonly targets: Float64Array
}

export const valuedRows: Preparation<ValuedRows> = {
  prepare(store, _labels, { tokens }, config, onRow) {
    return prepareSides(store, config, onRow, (rows, reader) => {
      let truncated = 0
      const targets: number[] = []
      const ids = Array.from(reader, ({ row, line, fields }) => {
        targets.push(numberOf(fields?.value, row, line))
        const { ids, length } = tokens.encode(row, config.max_length)
        if (length > ids.length) truncated++
        return ids
      })
      return { examples: { ...tokenRows(rows, ids), targets: Float64Array.from(targets) }, truncated }
    })
  },
  longest: (row, { tokens }, { max_length }) => tokens.encode(row, max_length).ids.length,
  inputs(texts, _labels, { tokenizer }, { max_length }, onRow) {
    const ids = encodeEach(texts, ({ text }) => tokenizer.encode(text, max_length), onRow)
    const rows = Int32Array.from(texts, ({ row }) => row)
    return { ...tokenRows(rows, ids), targets: new Float64Array(texts.length) }
  },
}

/** Throws AttuneError bad_data. */
function numberOf(written: string | undefined, row: number, line: number): number {
  const value = Number(written)
  if (written !== undefined && written.trim() !== '' && Number.isFinite(value)) return value
  throw new AttuneError('bad_data', `Row ${row} (line ${line}) has the value "${written ?? ''}", which is no number.`)
}
