import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openTable, type TableOptions } from '../../../core/data/readers/table.ts'
import { temporaryFolder } from '../../support/temporary.ts'

export interface ReadTable {
  readonly format: string
  readonly encoding: string
  readonly delimiter: string | undefined
  readonly columns: readonly string[]
  /** Cells in the order of the columns, absent ones null. */
  readonly rows: (string | null)[][]
  readonly lines: number[]
  /** "line: what". */
  readonly problems: string[]
}

export async function fileWith(content: string | Uint8Array, fileName = 'data.csv'): Promise<string> {
  const path = join(await temporaryFolder(), fileName)
  await writeFile(path, content)
  return path
}

/** Everything in a file of this content. */
export async function readAll(
  content: string | Uint8Array,
  fileName = 'data.csv',
  options: TableOptions = {},
): Promise<ReadTable> {
  const table = await openTable(await fileWith(content, fileName), fileName, options)
  const cells: ReadonlyMap<string, string>[] = []
  const lines: number[] = []
  const problems: string[] = []
  for await (const item of table.items) {
    if ('problem' in item) problems.push(`${item.line}: ${item.problem}`)
    else {
      cells.push(item.cells)
      lines.push(item.line)
    }
  }
  const rows = cells.map((row) => table.columns.map((column) => row.get(column) ?? null))
  const { format, encoding, delimiter, columns } = table
  return { format, encoding, delimiter, columns, rows, lines, problems }
}
