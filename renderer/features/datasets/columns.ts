import type { FileFormat, PartialMapping, Preview } from '../../../core/contract/domain.ts'
import { isLabelled, readsFilesAlone, taskRoles } from '../../../core/contract/roles.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { plural } from '../../ui/format.ts'

/** The guess of the preview under the person's own choices; a choice that names no column of this file is dropped. */
export function mappingOf(preview: Preview, chosen: PartialMapping, task: TaskName): PartialMapping {
  const known = (name: string | undefined) => preview.columns.find((column) => column.name === name)?.name
  const guess = preview.guesses[task]
  return Object.fromEntries(
    taskRoles[task].flatMap(({ name }) => {
      // Chosen as none.
      if (chosen[name] === '') return []
      const column = known(chosen[name]) ?? known(guess?.[name])
      return column === undefined ? [] : [[name, column]]
    }),
  )
}

/** Why these columns cannot be imported, as a sentence; null when they can. */
export function mappingProblem(preview: Preview, mapping: PartialMapping, task: TaskName): string | null {
  const names = taskRoles[task].map(({ name }) => name)
  const needed = taskRoles[task].flatMap(({ name, optional }) => (optional ? [] : [name]))
  const count = preview.columns.length
  if (count < needed.length) {
    const has = count === 0 ? 'no columns' : plural(count, 'column')
    return `The file has ${has}; ${needed.join(' and ')} need one each.`
  }
  const missing = needed.find((name) => mapping[name] === undefined)
  if (missing !== undefined) return `Choose the column that holds the ${missing}.`
  const twice = names.find((name, i) =>
    names.slice(0, i).some((other) => mapping[other] !== undefined && mapping[other] === mapping[name]),
  )
  if (twice !== undefined) {
    const first = names.find((other) => mapping[other] === mapping[twice])
    return `The ${first} and the ${twice} are both "${mapping[twice]}"; choose two columns.`
  }
  const label = preview.columns.find(({ name }) => name === mapping.label)
  if (isLabelled(task) && preview.complete && label && label.distinct < 2) {
    return `Column "${label.name}" has one value only; a label needs at least two classes.`
  }
  return null
}

/** What is worth saying before the import, though it may go ahead. */
export function mappingDoubts(preview: Preview, mapping: PartialMapping, task: TaskName): string[] {
  const doubts: string[] = []
  const label = preview.columns.find(({ name }) => name === mapping.label)
  if (label && preview.scanned >= 20 && label.distinct > preview.scanned / 2) {
    doubts.push(
      `Column "${label.name}" has ${label.distinct} different values in ${preview.scanned} rows. Is it really the label?`,
    )
  }
  const optional = new Set(taskRoles[task].flatMap(({ name, optional: is }) => (is ? [name] : [])))
  for (const [role, name] of Object.entries(mapping)) {
    if (optional.has(role)) continue
    const column = preview.columns.find((one) => one.name === name)
    if (column && column.empty > 0) {
      doubts.push(
        `${plural(column.empty, 'row')} of those looked at ${column.empty === 1 ? 'has' : 'have'} no ${role}.`,
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

/** Whether a row's text is one to be read: not where it only names a picture, a clip or an episode. */
export function textIsRead(task: TaskName): boolean {
  return task !== 'decision-making' && !readsFilesAlone(task)
}

/** What a part of a row is called over its values: "Picture column" → "Picture". */
export function headingOf(task: TaskName, role: string): string {
  const title = taskRoles[task].find(({ name }) => name === role)?.title ?? role
  return title.replace(/ column$/, '')
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

/** What a person reads. */
export const formatNames: Readonly<Record<FileFormat, string>> = {
  csv: 'CSV',
  jsonl: 'JSON Lines',
  folder: 'Folder of files',
}
