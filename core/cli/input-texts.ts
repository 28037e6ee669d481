import { readFile } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import { nearest } from '../util/nearest.ts'
import type { Io } from './io.ts'

/**
 * The texts to predict: a column of a CSV or TSV file, a field of JSONL lines, or plain lines. `-` reads standard
 * input, as JSONL when it begins with a brace, else as plain lines. Errors name the line and the columns there are.
 */
export async function readTexts(file: string, column: string | undefined, io: Io): Promise<string[]> {
  const name = file === '-' ? 'standard input' : basename(file)
  const content = decode(file === '-' ? await all(io.stdin) : await read(resolve(io.cwd, file)), name)
  const extension = file === '-' ? (/^\s*\{/.test(content) ? '.jsonl' : '.txt') : extname(file).toLowerCase()
  const texts =
    extension === '.csv' || extension === '.tsv'
      ? await fromCsv(content, column, name, extension === '.tsv' ? '\t' : delimiterOf(content))
      : extension === '.jsonl' || extension === '.ndjson'
        ? fromJsonLines(content, column, name)
        : content.split(/\r\n|\r|\n/).filter((line) => line !== '')
  if (texts.length === 0) throw new AttuneError('bad_data', `There is no text in ${name}.`)
  return texts
}

async function fromCsv(
  content: string,
  column: string | undefined,
  name: string,
  delimiter: string,
): Promise<string[]> {
  const { CsvError, parse } = await import('csv-parse/sync')
  let rows: string[][]
  try {
    rows = parse(content, { delimiter, skip_empty_lines: true, relax_column_count: false, max_record_size: 2 ** 20 })
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw new AttuneError('bad_file', `${name} is not well-formed CSV: ${cause.message}.`, undefined, { cause })
  }
  const header = rows[0] ?? []
  const index = header.indexOf(chosenColumn(header, column, name))
  return rows.slice(1).map((row) => row[index] ?? '')
}

/** Of comma, semicolon and tab, the one that the header has most of. */
function delimiterOf(content: string): string {
  const header = content.split(/[\r\n]/, 1)[0] ?? ''
  const counted = [',', ';', '\t'].map((delimiter) => ({ delimiter, count: header.split(delimiter).length }))
  return counted.reduce((best, each) => (each.count > best.count ? each : best)).delimiter
}

function fromJsonLines(content: string, column: string | undefined, name: string): string[] {
  let field: string | null = null
  const texts: string[] = []
  for (const [i, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const record = new Map(Object.entries(parsedObject(line, name, i + 1)))
    field ??= chosenColumn([...record.keys()], column, name)
    const text = record.get(field)
    if (typeof text !== 'string') {
      throw new AttuneError('bad_data', `${name}, line ${i + 1}: there is no text in the field "${field}".`)
    }
    texts.push(text)
  }
  return texts
}

function parsedObject(line: string, name: string, number: number): object {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // said below, as for any line that is no object
  }
  throw new AttuneError('bad_file', `${name}, line ${number} is not a JSON object.`, { line: number })
}

/** The asked-for column, else "text", else the only one. */
function chosenColumn(columns: readonly string[], wanted: string | undefined, name: string): string {
  if (wanted === undefined && columns.includes('text')) return 'text'
  if (wanted === undefined && columns.length === 1 && columns[0] !== undefined) return columns[0]
  if (wanted !== undefined && columns.includes(wanted)) return wanted
  const listed = columns.map((column) => `"${column}"`).join(', ')
  const near = wanted === undefined ? null : nearest(wanted, columns)
  throw new AttuneError(
    'bad_data',
    `${name} has no column "${wanted ?? 'text'}". ${near ? `Did you mean "${near}"? ` : ''}It has ${listed}: name one with --column.`,
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
