import { taskRoles } from '../contract/roles.ts'
import type { TaskName } from '../contract/settings.ts'
import { mediaKindOf } from './media/media-file.ts'
import type { Table } from './readers/table.ts'

const byKind: Readonly<Record<'image' | 'audio', readonly TaskName[]>> = {
  image: ['image-classification'],
  audio: ['audio-classification', 'automatic-speech-recognition'],
}

/**
 * What a table's rows are probably for, by what its first record names: pictures, clips with a class or clips with a
 * transcript. Null where it names no file.
 */
export async function suggestTask(
  { base, columns }: Pick<Table, 'base' | 'columns'>,
  cells: ReadonlyMap<string, string>,
): Promise<TaskName | null> {
  for (const column of columns) {
    const kind = await mediaKindOf(base, cells.get(column) ?? '')
    if (kind === null) continue
    const [first, second] = byKind[kind] as [TaskName, TaskName?]
    const transcript = second && taskRoles[second].find(({ name }) => name === 'target')
    const named = columns.some((name) => transcript?.columns.includes(name.trim().toLowerCase()))
    return second && named ? second : first
  }
  return null
}
