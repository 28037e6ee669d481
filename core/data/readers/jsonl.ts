import { AttuneError } from '../../contract/errors.ts'
import type { TableItem } from './table.ts'

/** UTF-16 code units of one line. */
export const maxLineLength = 10 * (1 << 20)
const maxDepth = 100
const maxColumns = 10_000

/**
 * JSON lines: one object a line, its keys being columns. Texts stay as they are, numbers keep the digits of the file,
 * true and false are words, null is empty, lists and objects are their JSON. Empty lines are skipped; a line that is
 * not a JSON object becomes a problem. `columns` grows as keys are met. Throws AttuneError bad_file for a line beyond
 * 10 MiB or more than 10,000 different keys.
 */
export async function* readJsonl(
  chunks: AsyncIterable<string>,
  fileName: string,
  columns: string[],
): AsyncGenerator<TableItem> {
  const known = new Set(columns)
  for await (const { line, text, complete } of linesOf(chunks, fileName)) {
    if (text.trim() === '') continue
    const record = parseLine(text)
    if (typeof record === 'string') {
      const cut = complete ? '' : ' It is the last line and has no line end: the file may be cut off.'
      yield { line, problem: `${record}${cut}` }
      continue
    }
    for (const key of record.keys()) {
      if (known.has(key)) continue
      known.add(key)
      columns.push(key)
      if (columns.length > maxColumns) {
        throw new AttuneError('bad_file', `${fileName} has more than ${maxColumns} different keys, at line ${line}.`)
      }
    }
    yield { line, cells: record }
  }
}

/** Lines of a text that comes in pieces. A return before the line end belongs to it; a lone one is no line end here. */
async function* linesOf(
  chunks: AsyncIterable<string>,
  fileName: string,
): AsyncGenerator<{ line: number; text: string; complete: boolean }> {
  let line = 1
  let parts: string[] = []
  let length = 0
  const add = (part: string) => {
    parts.push(part)
    length += part.length
    if (length > maxLineLength) {
      throw new AttuneError('bad_file', `${fileName}: line ${line} is longer than 10 MiB.`, { line })
    }
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      add(chunk.slice(start, end))
      yield { line, text: parts.join(''), complete: true }
      parts = []
      length = 0
      line++
      start = end + 1
    }
    add(chunk.slice(start))
  }
  if (length > 0) yield { line, text: parts.join(''), complete: false }
}

/** A line's columns, or what is wrong with it. */
function parseLine(text: string): Map<string, string> | string {
  // Before parsing: what follows recurses.
  if (nestingOf(text) > maxDepth) return `The line is nested more than ${maxDepth} levels deep.`
  let json: unknown
  try {
    json = JSON.parse(text, keepDigits)
  } catch (thrown) {
    return `The line is not valid JSON: ${thrown instanceof Error ? thrown.message.slice(0, 200) : 'unreadable'}.`
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json) || isRaw(json)) {
    return 'The line is not a JSON object ({"column": value, …}).'
  }
  return new Map(Object.entries(json).map(([key, value]) => [key, cellOf(value)]))
}

/** As text: a number beyond 2⁵³ (an id) would lose its last digits. */
function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? rawJson(context.source) : value
}

function cellOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null) return ''
  return isRaw(value) ? value.rawJSON : JSON.stringify(value)
}

/** A number that JSON.stringify writes with the digits of the file (ECMAScript's JSON.rawJSON, in V8 since 11.4). */
interface RawJson {
  readonly rawJSON: string
}
const { rawJSON: rawJson, isRawJSON: isRaw } = JSON as typeof JSON & {
  rawJSON(text: string): RawJson
  isRawJSON(value: unknown): value is RawJson
}

/** The deepest level of brackets outside texts. */
function nestingOf(text: string): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (quoted) {
      if (unit === backslash) i++
      else if (unit === quote) quoted = false
    } else if (unit === quote) quoted = true
    else if (unit === openBrace || unit === openBracket) deepest = Math.max(deepest, ++depth)
    else if (unit === closeBrace || unit === closeBracket) depth--
  }
  return deepest
}

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
