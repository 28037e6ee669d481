import type { DatasetRow } from '../contract/domain.ts'
import type { TaskName } from '../contract/settings.ts'

type Cells = Pick<DatasetRow, 'text' | 'fields'>

/** A row as it is kept, whatever form its parts had in the file. */
export interface TidyRow extends Cells {
  /** The classes that it counts for, where these are not its label. */
  readonly counted?: readonly string[]
}

const tidyings: Readonly<Partial<Record<TaskName, (cells: Cells) => TidyRow | string>>> = {
  'text-regression': withNumber,
  'token-classification': withTags,
  'question-answering': withAnswer,
}

/** The parts of a row as the task keeps them, or why it is none, as a sentence without its end. */
export function tidyRow(task: TaskName, cells: Cells): TidyRow | string {
  return tidyings[task]?.(cells) ?? cells
}

function withNumber({ text, fields = {} }: Cells): TidyRow | string {
  const written = (fields.value ?? '').trim()
  const value = Number(written)
  if (!Number.isFinite(value)) return `The value "${written.slice(0, 40)}" is no number`
  return { text, fields: { ...fields, value: String(value) } }
}

/** Words and tags with a space between, as many of one as of the other. */
function withTags({ text, fields = {} }: Cells): TidyRow | string {
  const words = listOf(text)
  const tags = listOf(fields.tags ?? '')
  if (words.length !== tags.length) return `There are ${words.length} words and ${tags.length} tags`
  return { text: words.join(' '), fields: { ...fields, tags: tags.join(' ') }, counted: tags }
}

/** The items of a JSON list, else what stands between spaces. White space inside an item would part it, so it goes. */
function listOf(cell: string): string[] {
  const items = jsonOf(cell)
  const words = Array.isArray(items) ? items.map((item) => String(item)) : cell.split(/\s+/)
  return words.map((word) => word.replaceAll(/\s+/g, '')).filter((word) => word !== '')
}

/**
 * An answer that stands in its text, with the character that it begins with. Taken too: SQuAD's {"text": […],
 * "answer_start": […]}, of which the first counts.
 */
function withAnswer({ text, fields = {} }: Cells): TidyRow | string {
  const { answer, start } = firstAnswer(fields.answer ?? '', fields.answer_start)
  const given = start === undefined || start.trim() === '' ? Number.NaN : Number(start)
  const from = text.startsWith(answer, given) && given >= 0 ? given : text.indexOf(answer)
  if (answer === '') return 'The answer is empty'
  if (from < 0) return `The answer "${answer.slice(0, 40)}" does not stand in the text`
  return { text, fields: { ...fields, answer, answer_start: String(from) } }
}

function firstAnswer(cell: string, start: string | undefined): { answer: string; start: string | undefined } {
  const json = jsonOf(cell)
  if (typeof json !== 'object' || json === null) return { answer: cell, start }
  const { text = json, answer_start: starts } = json as { text?: unknown; answer_start?: unknown }
  const first = (value: unknown) => (Array.isArray(value) ? value[0] : value)
  const answer = first(text)
  return {
    answer: typeof answer === 'string' ? answer : '',
    start: starts === undefined ? start : String(first(starts)),
  }
}

/** Undefined for what is no JSON list or object. */
function jsonOf(cell: string): unknown {
  if (!/^\s*[[{]/.test(cell)) return undefined
  try {
    return JSON.parse(cell)
  } catch {
    return undefined
  }
}
