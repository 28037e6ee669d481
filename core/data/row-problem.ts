import type { DatasetRow } from '../contract/domain.ts'
import type { TaskName } from '../contract/settings.ts'
import { conversationOf, preferenceOf } from '../contract/turns.ts'

type Cells = Pick<DatasetRow, 'text' | 'fields'>

/** What some tasks ask of a row whose parts are all there. */
const readings: Readonly<Partial<Record<TaskName, (cells: Cells) => unknown>>> = {
  chat: conversationOf,
  preference: preferenceOf,
}

/** Why a row is none for a task, as a sentence without its end; null where it is one. */
export function rowProblem(task: TaskName, cells: Cells): string | null {
  const read = readings[task]?.(cells)
  return typeof read === 'string' ? read : null
}
