import type { ColumnMapping, Preview } from '../../../core/contract/domain.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { plural } from '../../ui/format.ts'

export type Part = keyof ColumnMapping

const parts: readonly { part: Part; label: string; help: string }[] = [
  { part: 'text', label: 'Text column', help: 'What the model reads.' },
  { part: 'label', label: 'Label column', help: 'What it learns to say.' },
]

/** The columns that a task takes. */
export function partsOf(task: TaskName): typeof parts {
  return task === 'text-generation' ? parts.filter(({ part }) => part === 'text') : parts
}

/** The guess of the preview under the person's own choices; a choice that names no column of this file is dropped. */
export function mappingOf(preview: Preview, chosen: Partial<ColumnMapping>, task: TaskName): Partial<ColumnMapping> {
  const known = (name: string | undefined) =>
    name !== undefined && preview.columns.some((column) => column.name === name) ? name : undefined
  const only = preview.columns.length === 1 ? preview.columns[0]?.name : undefined
  const text = known(chosen.text) ?? known(preview.guess.text) ?? only
  if (task === 'text-generation') return text === undefined ? {} : { text }
  const label = known(chosen.label) ?? known(preview.guess.label)
  return { ...(text !== undefined && { text }), ...(label !== undefined && { label }) }
}

/** Why these columns cannot be imported, as a sentence; null when they can. */
export function mappingProblem(
  preview: Preview,
  { text, label }: Partial<ColumnMapping>,
  task: TaskName,
): string | null {
  if (task === 'text-generation') return text === undefined ? 'Choose the column that holds the text.' : null
  if (preview.columns.length < 2) {
    return `The file has ${preview.columns.length === 1 ? 'one column' : 'no columns'}; a text and a label are needed.`
  }
  if (text === undefined) return 'Choose the column that holds the text.'
  if (label === undefined) return 'Choose the column that holds the label.'
  if (text === label) return `Text and label are both "${text}"; choose two columns.`
  const column = preview.columns.find(({ name }) => name === label)
  if (preview.complete && column && column.distinct < 2) {
    return `Column "${label}" has one value only; a label needs at least two classes.`
  }
  return null
}

/** What is worth saying before the import, though it may go ahead. */
export function mappingDoubts(preview: Preview, mapping: Partial<ColumnMapping>): string[] {
  const doubts: string[] = []
  const label = preview.columns.find(({ name }) => name === mapping.label)
  if (label && preview.scanned >= 20 && label.distinct > preview.scanned / 2) {
    doubts.push(
      `Column "${label.name}" has ${label.distinct} different values in ${preview.scanned} rows. Is it really the label?`,
    )
  }
  for (const { part } of parts) {
    const column = preview.columns.find(({ name }) => name === mapping[part])
    if (column && column.empty > 0) {
      doubts.push(
        `${plural(column.empty, 'row')} of those looked at ${column.empty === 1 ? 'has' : 'have'} no ${part}.`,
      )
    }
  }
  return doubts
}

export interface ClassShare {
  readonly label: string
  readonly count: number
  /** 0 to 1, of all counted rows. */
  readonly share: number
}

/** Largest class first; classes of equal size by name. */
export function classShares(counts: readonly { label: string; count: number }[]): ClassShare[] {
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  return counts
    .map(({ label, count }) => ({ label, count, share: total === 0 ? 0 : count / total }))
    .sort((one, other) => other.count - one.count || one.label.localeCompare(other.label))
}

/** How often each label occurs among the rows that the preview shows; empty cells are not counted. */
export function previewClasses(preview: Preview, label: string | undefined): ClassShare[] {
  const at = preview.columns.findIndex(({ name }) => name === label)
  if (at < 0) return []
  const counts = new Map<string, number>()
  for (const { cells } of preview.rows) {
    const cell = cells[at]?.trim()
    if (cell) counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  return classShares([...counts].map(([name, count]) => ({ label: name, count })))
}

/** A delimiter as people call it. */
export function delimiterName(delimiter: string): string {
  const names: Record<string, string> = { ',': 'Comma', ';': 'Semicolon', '\t': 'Tab', '|': 'Bar' }
  return names[delimiter] ?? `"${delimiter}"`
}

/** "mails.train.csv" → "mails.train". */
export function nameFromFile(fileName: string): string {
  return fileName.replace(/\.[^.]+$/, '') || fileName
}
