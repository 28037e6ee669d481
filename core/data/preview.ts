import type { Preview, RowProblem } from '../contract/domain.ts'
import { taskRoles } from '../contract/roles.ts'
import { tasks } from '../contract/settings.ts'
import { guessMapping } from './guess.ts'
import { openTable, type TableOptions } from './readers/table.ts'
import { suggestTask } from './suggest.ts'

const rowsScanned = 1000
const rowsShown = 50
const problemsShown = 100
/** Characters of a cell that a preview shows. */
const cellShown = 2000

/**
 * The first rows of a file: columns with what they hold, a guess of which is which, and what is wrong so far. Throws
 * AttuneError as openTable does.
 */
export async function previewFile(
  path: string,
  fileName: string,
  options: Pick<TableOptions, 'encoding' | 'delimiter' | 'signal'> = {},
): Promise<Preview> {
  const table = await openTable(path, fileName, options)
  const records: { line: number; cells: ReadonlyMap<string, string> }[] = []
  const problems: RowProblem[] = []
  let scanned = 0
  let complete = true
  for await (const item of table.items) {
    if (scanned === rowsScanned) {
      complete = false
      break
    }
    scanned++
    if ('cells' in item) records.push(item)
    else problems.push({ line: item.line, message: item.problem })
  }
  const facts = table.columns.map((name) => {
    const values = records.map(({ cells }) => cells.get(name) ?? '').filter((value) => value.trim() !== '')
    return {
      name,
      distinct: new Set(values.map((value) => value.trim())).size,
      empty: records.length - values.length,
      meanLength: values.length === 0 ? 0 : values.reduce((sum, { length }) => sum + length, 0) / values.length,
      sample: shorten(values[0] ?? '', 200),
    }
  })
  return {
    fileName,
    format: table.format,
    encoding: table.encoding,
    ...(table.delimiter !== undefined && { delimiter: table.delimiter }),
    bytes: table.bytes,
    columns: facts,
    suggested: await suggestTask(table, records[0]?.cells ?? new Map()),
    guesses: Object.fromEntries(
      tasks.map((task) => [task, guessMapping(facts, records.length, taskRoles[task])]),
    ) as Preview['guesses'],
    rows: records.slice(0, rowsShown).map(({ line, cells }) => ({
      line,
      cells: table.columns.map((name) => shorten(cells.get(name) ?? '', cellShown)),
    })),
    scanned,
    complete,
    problems: problems.slice(0, problemsShown),
    problemCount: problems.length,
  }
}

/** At most `length` UTF-16 code units, not ending in half a character. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text
  const cut = text.slice(0, length - 1)
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`
}
