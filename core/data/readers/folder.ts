import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AttuneError } from '../../contract/errors.ts'
import type { TableItem } from './table.ts'

/** A folder of files as a table: where each lies below it, and the name of the folder that it lies in. */
export const folderColumns = { file: 'file', label: 'label' } as const

const deepest = 8
const mostFiles = 200_000
/** What systems leave in folders, and what is hidden. */
const litter = /^(?:\.|__MACOSX$|Thumbs\.db$|desktop\.ini$)/i
/** A table beside the files that says more of each than its folder's name does. */
const tableName = /^metadata\.(?:csv|tsv|jsonl)$|\.(?:csv|tsv|jsonl)$/i

/**
 * The table of a folder: `metadata.csv` or `metadata.jsonl`, or the only CSV or JSONL at its top; null where there is
 * none, and the names of its folders are the labels. Throws AttuneError not_found.
 */
export async function tableOfFolder(path: string): Promise<string | null> {
  const names = (await entries(path))
    .filter((entry) => entry.isFile() && tableName.test(entry.name))
    .map(({ name }) => name)
  const metadata = names.find((name) => name.toLowerCase().startsWith('metadata.'))
  return metadata ?? (names.length === 1 ? (names[0] as string) : null)
}

/** All files below a folder, by relative path with `/`, sorted. Throws AttuneError: not_found, bad_data (too many). */
export async function filesBelow(path: string): Promise<{ readonly names: string[]; readonly bytes: number }> {
  const names: string[] = []
  const walk = async (inside: string, depth: number): Promise<void> => {
    for (const entry of await entries(join(path, inside))) {
      if (litter.test(entry.name)) continue
      const name = inside === '' ? entry.name : `${inside}/${entry.name}`
      if (entry.isDirectory() && depth < deepest) await walk(name, depth + 1)
      else if (entry.isFile()) names.push(name)
      if (names.length > mostFiles) {
        throw new AttuneError('bad_data', `${path} has more than ${mostFiles} files, the most that can be imported.`)
      }
    }
  }
  await walk('', 1)
  names.sort((a, b) => (a < b ? -1 : 1))
  let bytes = 0
  for (const name of names) bytes += (await stat(join(path, name))).size
  return { names, bytes }
}

/** One record a file; the label is the folder that it lies in, and a file at the top has none. */
export async function* folderItems(
  path: string,
  names: readonly string[],
  onBytes: (bytes: number) => void,
): AsyncGenerator<TableItem> {
  let bytes = 0
  for (const [i, name] of names.entries()) {
    const label = name.split('/').at(-2) ?? ''
    yield {
      line: i + 1,
      cells: new Map([
        [folderColumns.file, name],
        [folderColumns.label, label],
      ]),
    }
    bytes += (await stat(join(path, name))).size
    onBytes(bytes)
  }
}

async function entries(path: string) {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (cause) {
    throw new AttuneError('not_found', `${path} is not a folder that can be read.`, undefined, { cause })
  }
}
