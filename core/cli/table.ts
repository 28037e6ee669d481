export interface Column<Row> {
  readonly title: string
  value(row: Row): string
  /** Numbers stand under each other by their last digit. */
  readonly right?: boolean
  /** Longer cells are cut, with an ellipsis. */
  readonly max?: number
}

/** Plain aligned columns, two spaces apart, without colours: reads the same in a terminal, a pipe and a log. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => cut(oneLine(column.value(row)), column.max)))
  const widths = columns.map(({ title }, i) =>
    cells.reduce((widest, row) => Math.max(widest, width(row[i] ?? '')), width(title)),
  )
  const line = (texts: readonly string[]) =>
    columns
      .map(({ right }, i) => {
        const text = texts[i] ?? ''
        const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(text)))
        return right ? gap + text : text + gap
      })
      .join('  ')
      .trimEnd()
  return [columns.map(({ title }) => title), ...cells].map(line).join('\n')
}

/** Name and value, one a line. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  const longest = Math.max(...rows.map(([name]) => width(name)))
  return rows.map(([name, value]) => `${name.padEnd(longest)}  ${oneLine(value)}`).join('\n')
}

/** Data may hold anything: line ends and control characters (terminal commands among them) become spaces. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
}

export function cut(text: string, max: number | undefined): string {
  const letters = [...text]
  return max === undefined || letters.length <= max ? text : `${letters.slice(0, max - 1).join('')}…`
}

/** Columns on a terminal, taking each code point as one. */
function width(text: string): number {
  return [...text].length
}
