import { AttuneError } from '../contract/errors.ts'
import { readCsv } from '../data/readers/csv.ts'
import { readJsonl } from '../data/readers/jsonl.ts'
import type { TableItem } from '../data/readers/table.ts'

export interface InputRecord {
  /** Of the file, from 1. */
  readonly line: number
  readonly cells: ReadonlyMap<string, string>
}

/** A file of inputs. */
export interface InputTable {
  /** What a sentence calls it. */
  readonly name: string
  /** Of all records together; null for plain lines, which are a text each. */
  readonly columns: readonly string[] | null
  readonly records: readonly InputRecord[]
}

/** Where a record of plain lines has its text. */
export const lineColumn = 'text'

/**
 * The records of a file with that ending (.csv, .tsv, .jsonl, .ndjson; any other has plain lines). Throws AttuneError
 * bad_file for what cannot be read, a record by its line.
 */
export async function tableOf(content: string, extension: string, name: string): Promise<InputTable> {
  if (extension === '.csv' || extension === '.tsv') {
    const { columns, items } = await readCsv(whole(content), name, extension === '.tsv' ? '\t' : undefined)
    return { name, columns, records: await recordsOf(items, name) }
  }
  if (extension === '.jsonl' || extension === '.ndjson') {
    const columns: string[] = []
    return { name, records: await recordsOf(readJsonl(whole(content), name, columns), name), columns }
  }
  const lines = content.split(/\r\n|\r|\n/).map((text, i) => ({ line: i + 1, cells: new Map([[lineColumn, text]]) }))
  return { name, columns: null, records: lines.filter(({ cells }) => cells.get(lineColumn) !== '') }
}

/** Answers stand in the order of the records: none is left out. */
async function recordsOf(items: AsyncIterable<TableItem>, name: string): Promise<InputRecord[]> {
  const records: InputRecord[] = []
  for await (const item of items) {
    if (!('problem' in item)) records.push(item)
    else if (!item.header) throw new AttuneError('bad_file', `${name}, line ${item.line}: ${item.problem}`)
  }
  return records
}

/** In one piece: none ends within a character. */
async function* whole(content: string): AsyncGenerator<string> {
  yield content
}
