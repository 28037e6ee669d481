import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { lstat, mkdir, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import { realFileSystem, renamePatiently } from '../util/files.ts'

export type Kind = 'datasets' | 'models' | 'runs'

/** Where everything lies below the data home. All absolute. */
export interface Folders {
  readonly home: string
  readonly cache: string
  readonly database: string
  readonly locks: string
  readonly exports: string
  readonly uploads: string
  readonly trash: string
  /** Below the trash: what was removed to free space, while that can be undone. */
  readonly freed: string
  of(kind: Kind, id: string): string
  /** Where it waits to be restored or removed for good. */
  trashed(kind: Kind, id: string): string
}

export const databaseOf = (home: string) => join(home, 'attune.sqlite')
export const locksOf = (home: string) => join(home, 'locks')

/**
 * Makes the folders of a data home. Throws bad_file when they cannot be written: a person wants to know at the start,
 * not when the first weights are to be saved.
 */
export function openFolders(home: string, cache: string): Folders {
  const folders: Folders = {
    home,
    cache,
    database: databaseOf(home),
    locks: locksOf(home),
    exports: join(home, 'exports'),
    uploads: join(home, 'uploads'),
    trash: join(home, 'trash'),
    freed: join(home, 'trash', 'freed'),
    of: (kind, id) => join(home, kind, id),
    trashed: (kind, id) => join(home, 'trash', kind, id),
  }
  const probe = join(home, `.writable-${randomUUID()}`)
  try {
    for (const name of ['datasets', 'models', 'runs', 'exports', 'uploads', 'trash', 'locks']) {
      mkdirSync(join(home, name), { recursive: true })
    }
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AttuneError(
      'bad_file',
      `The data folder ${home} cannot be written (${reason}). Give yourself the right to, or let ATTUNE_HOME name another.`,
      { home },
      { cause },
    )
  }
  return folders
}

/** Renames, making the folders above the target. Nothing to move is not an error: it may have been moved before. */
export async function moveFolder(from: string, to: string): Promise<void> {
  if (!(await exists(from))) return
  await mkdir(dirname(to), { recursive: true })
  await renamePatiently(from, to, realFileSystem)
}

export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}

/** Free bytes for an ordinary user on the disk of a folder. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

/** Always left free, so that the database can still say that the disk is full. */
const reserveBytes = 64 * 2 ** 20

/** Throws disk_full before a file of this size is begun that could not be ended. `what` begins the sentence. */
export async function requireRoom(dir: string, bytes: number, what: string): Promise<void> {
  const free = await freeBytes(dir)
  if (free - bytes >= reserveBytes) return
  const mega = (count: number) => `${Math.ceil(count / 1e6)} MB`
  throw new AttuneError(
    'disk_full',
    `${what} needs ${mega(bytes)} and ${mega(reserveBytes)} must stay free, but the disk of ${dir} has ${mega(free)} left. ` +
      'Free some space and try again.',
    { free, bytes },
  )
}
