import { type Options, parse } from 'csv-parse'
import { AttuneError } from '../../contract/errors.ts'
import { detectDelimiter } from './delimiter.ts'
import { headerOf } from './header.ts'
import { unifyNewlines } from './newlines.ts'
import type { TableItem } from './table.ts'

/** Bytes of one record; a quote that is never closed swallows at most this much. */
export const maxRecordBytes = 1 << 20
const maxColumns = 10_000

export interface CsvTable {
  readonly columns: readonly string[]
  readonly delimiter: string
  readonly items: AsyncIterable<TableItem>
}

/** A record as the parser gives it, and the lines of unreadable ones before it. */
interface CsvRecord {
  readonly line: number
  readonly cells: readonly string[]
  readonly skipped: readonly LineRange[]
}

interface LineRange {
  readonly first: number
  readonly last: number
}

/**
 * CSV after RFC 4180, strictly: the first record names the columns, quotes are doubled inside quotes. Newlines of any
 * kind end a record; inside quotes they become "\n". Empty lines are skipped. A record with too few or too many
 * fields, or with a stray quote, becomes a problem. Throws AttuneError bad_file: no header, a record beyond 1 MiB, a
 * quote that is never closed.
 */
export async function readCsv(
  chunks: AsyncGenerator<string>,
  fileName: string,
  chosenDelimiter: string | undefined,
): Promise<CsvTable> {
  const { head, text } = await peek(unifyNewlines(chunks))
  const delimiter = chosenDelimiter ?? detectDelimiter(head)
  const records = recordsOf(text, fileName, delimiter)
  try {
    const { columns, problems } = await readHeader(records, fileName)
    return { columns, delimiter, items: rowsOf(records, columns, problems) }
  } catch (thrown) {
    await records.return(undefined)
    throw thrown
  }
}

async function readHeader(
  records: AsyncGenerator<CsvRecord>,
  fileName: string,
): Promise<{ columns: string[]; problems: TableItem[] }> {
  const first = await records.next()
  if (first.done) throw new AttuneError('bad_file', `${fileName} has no header: it is empty.`)
  const { line, cells, skipped } = first.value
  if (skipped[0]) throw new AttuneError('bad_file', `${fileName}, line ${skipped[0].first}: ${strayQuote(skipped[0])}`)
  if (cells.length > maxColumns) {
    throw new AttuneError('bad_file', `${fileName} has ${cells.length} columns; at most ${maxColumns} can be read.`)
  }
  const { columns, problems } = headerOf(cells)
  return { columns, problems: problems.map((problem) => ({ line, problem, header: true })) }
}

async function* rowsOf(
  records: AsyncGenerator<CsvRecord>,
  columns: readonly string[],
  headerProblems: readonly TableItem[],
): AsyncGenerator<TableItem> {
  yield* headerProblems
  for await (const { line, cells, skipped } of records) {
    for (const range of skipped) yield { line: range.first, problem: strayQuote(range) }
    if (cells.length === columns.length) {
      yield { line, cells: new Map(columns.map((column, i) => [column, cells[i] as string])) }
    } else if (cells.length > 0) {
      const fields = cells.length === 1 ? '1 field' : `${cells.length} fields`
      yield { line, problem: `The row has ${fields}, the header ${columns.length}.` }
    }
  }
}

/** The first piece of a text, and all of it. */
async function peek(text: AsyncGenerator<string>): Promise<{ head: string; text: AsyncGenerator<string> }> {
  const first = await text.next()
  const head = first.done ? '' : first.value
  async function* all() {
    yield head
    yield* text
  }
  return { head, text: all() }
}

/** Records in the order of the file, without empty lines. The last one may have no cells, only skipped lines. */
async function* recordsOf(
  text: AsyncGenerator<string>,
  fileName: string,
  delimiter: string,
): AsyncGenerator<CsvRecord> {
  // Lines are followed here, field by field: the parser only knows where it is now.
  let endLine = 0
  let recordLine = 1
  let bad: number | null = null
  let skipped: LineRange[] = []
  /** The bad record, if there is one, ended where the record on `line` begins. */
  const settle = (line: number) => {
    if (bad === null || line <= bad) return
    skipped.push({ first: bad, last: line - 1 })
    bad = null
  }
  const options: Options<CsvRecord, string[]> = {
    delimiter,
    record_delimiter: '\n',
    relax_column_count: true,
    max_record_size: maxRecordBytes,
    skip_records_with_error: true,
    cast: (value, { index, lines }) => {
      if (index === 0) {
        recordLine = endLine + 1
        settle(recordLine)
      }
      endLine = lines
      return value
    },
    on_record: (cells: string[]): CsvRecord => {
      const record = { line: recordLine, cells, skipped }
      skipped = []
      return record
    },
    on_skip: (error) => {
      const inRecord = Number(error?.index) > 0
      const line = inRecord ? recordLine : endLine + 1
      // Going on after these would read rows out of the middle of a text.
      if (error?.code === 'CSV_MAX_RECORD_SIZE') throw tooLarge(fileName, line, inRecord ? endLine : line)
      if (error?.code === 'CSV_QUOTE_NOT_CLOSED') throw notClosed(fileName, inRecord ? endLine : line)
      settle(line)
      bad ??= line
      return undefined
    },
  }
  for await (const record of parsed(text, options)) {
    const isEmptyLine = record.cells.length === 1 && record.cells[0] === ''
    if (!isEmptyLine) yield record
    else if (record.skipped.length > 0) yield { ...record, cells: [] }
  }
  settle(endLine + 1)
  if (skipped.length > 0) yield { line: endLine, cells: [], skipped }
}

/** Runs the parser piece by piece. It is a stream, but a pipe would outlive a reader that stops early. */
async function* parsed(text: AsyncIterable<string>, options: Options<CsvRecord, string[]>): AsyncGenerator<CsvRecord> {
  // Whatever one piece holds is taken out at once, so the parser need never hold back. Its types do not foresee that
  // on_record changes what a record is.
  const parser = parse({ ...options, readableHighWaterMark: Number.MAX_SAFE_INTEGER } as unknown as Options)
  // Errors arrive by the callbacks below as well.
  parser.on('error', () => {})
  const take = (): CsvRecord | null => parser.read() as CsvRecord | null
  const settled = (start: (done: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => start((error) => (error ? reject(error) : resolve())))
  try {
    for await (const piece of text) {
      await settled((done) => parser.write(piece, done))
      for (let record = take(); record !== null; record = take()) yield record
    }
    await settled((done) => parser.end(done))
    for (let record = take(); record !== null; record = take()) yield record
  } finally {
    parser.destroy()
  }
}

function strayQuote({ first, last }: LineRange): string {
  const until = last > first ? ` What follows up to line ${last} was lost with it.` : ''
  return `There is a quote inside a field. Double it, and put the whole field in quotes.${until}`
}

function tooLarge(fileName: string, line: number, quoteLine: number): AttuneError {
  const message = `${fileName}: the record that begins on line ${line} is longer than 1 MiB. Probably a quote that opens on line ${quoteLine} is never closed.`
  return new AttuneError('bad_file', message, { line: quoteLine })
}

function notClosed(fileName: string, line: number): AttuneError {
  const message = `${fileName}: a quote that opens on line ${line} is never closed. Close or remove it.`
  return new AttuneError('bad_file', message, { line })
}
