import { readFile } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { type InputTable, lineColumn, tableOf } from '../app/input-tables.ts'
import { AttuneError } from '../contract/errors.ts'
import { nearest } from '../util/nearest.ts'
import { quoted } from '../util/quoted.ts'
import type { Io } from './io.ts'

/**
 * A CSV or TSV file, JSONL, or plain lines. `-` reads standard input, as JSONL when it begins with a brace, else as plain
 * lines. Throws AttuneError: not_found, bad_file (no UTF-8; a record that cannot be used, by its line), bad_data (nothing in it).
 */
export async function readTable(file: string, io: Io): Promise<InputTable> {
  const name = file === '-' ? 'standard input' : basename(file)
  const content = decode(file === '-' ? await all(io.stdin) : await read(resolve(io.cwd, file)), name)
  const extension = file === '-' ? (/^\s*\{/.test(content) ? '.jsonl' : '.txt') : extname(file).toLowerCase()
  const table = await tableOf(content, extension, name)
  if (table.records.length === 0) throw new AttuneError('bad_data', `There is no text in ${name}.`)
  return table
}

/** The texts of a table: those of a column, or its lines. Throws AttuneError bad_data, naming the columns there are or the line. */
export function textsOf({ name, columns, records }: InputTable, wanted: string | undefined): string[] {
  const column = columns === null ? lineColumn : chosenColumn(columns, wanted, name)
  return records.map(({ line, cells }) => {
    const text = cells.get(column)
    if (text !== undefined) return text
    throw new AttuneError('bad_data', `${name}, line ${line}: there is no text in the field "${column}".`)
  })
}

/** The texts of a file. Throws as readTable and textsOf. */
export async function readTexts(file: string, column: string | undefined, io: Io): Promise<string[]> {
  return textsOf(await readTable(file, io), column)
}

/** The asked-for column, else "text", else the only one. */
function chosenColumn(columns: readonly string[], wanted: string | undefined, name: string): string {
  if (wanted === undefined && columns.includes('text')) return 'text'
  if (wanted === undefined && columns.length === 1 && columns[0] !== undefined) return columns[0]
  if (wanted !== undefined && columns.includes(wanted)) return wanted
  const near = wanted === undefined ? null : nearest(wanted, columns)
  throw new AttuneError(
    'bad_data',
    `${name} has no column "${wanted ?? 'text'}". ${near ? `Did you mean "${near}"? ` : ''}It has ${quoted(columns)}: name one with --column.`,
    { columns },
  )
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AttuneError('bad_file', `${name} is not UTF-8 text. Convert it first.`, undefined, { cause })
  }
}

async function all(stream: Io['stdin']): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AttuneError('not_found', `${path} cannot be read: ${reason}.`, { path }, { cause })
  }
}
