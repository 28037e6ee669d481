import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import * as promises from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** The file-system calls of what must be atomic: an argument, so that tests can make the Nth one fail. */
export type FileSystem = Pick<typeof promises, 'mkdir' | 'open' | 'readdir' | 'rename' | 'rm' | 'stat' | 'writeFile'>

export const realFileSystem: FileSystem = promises

const partialMark = '.partial-'

/** A name beside `target`, on the same file system, under which it is put together. See isPartial. */
export function partialPath(target: string): string {
  return `${target}${partialMark}${randomBytes(6).toString('hex')}`
}

/** Whether a file name is one of partialPath: the remains of something that was never finished. */
export function isPartial(name: string): boolean {
  return new RegExp(`\\${partialMark}[0-9a-f]{12}$`).test(name)
}

/** SHA-256 of a file, hex, read in pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk)
  }
  return hash.digest('hex')
}

/**
 * Bytes that the files below a folder take; 0 when it is not there. A file with several names counts once, links are not
 * followed. `own`: only files that have no name elsewhere, which is what removing the folder frees.
 */
export async function folderBytes(path: string, { own = false } = {}): Promise<number> {
  const seen = new Set<string>()
  let bytes = 0
  for (const entry of await promises.readdir(path, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!entry.isFile()) continue
    // It may vanish between listing and looking: a run prunes checkpoints.
    const found = await promises.lstat(join(entry.parentPath, entry.name), { bigint: true }).catch(() => null)
    if (found === null) continue
    if (found.nlink > 1n) {
      const key = `${found.dev} ${found.ino}`
      if (own || seen.has(key)) continue
      seen.add(key)
    }
    bytes += Number(found.size)
  }
  return bytes
}

/** Waits until a file, or the names in a folder, are on the disk. Windows cannot sync folders and need not. */
export async function syncPath(path: string, fs: FileSystem, platform = process.platform): Promise<void> {
  if (platform === 'win32' && (await fs.stat(path)).isDirectory()) return
  // Windows syncs only what is open for writing.
  const file = await fs.open(path, platform === 'win32' ? 'r+' : 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Codes with which a virus scanner or an indexer that holds a file makes a rename fail for a moment (Windows). */
const passing = new Set(['EPERM', 'EBUSY', 'EACCES'])
const backOffMs = [20, 60, 180, 540]

/** Renames, trying again for a second while something else holds the file. */
export async function renamePatiently(from: string, to: string, fs: FileSystem): Promise<void> {
  for (const wait of backOffMs) {
    try {
      return await fs.rename(from, to)
    } catch (thrown) {
      if (!passing.has(codeOf(thrown))) throw thrown
      await pause(wait)
    }
  }
  await fs.rename(from, to)
}

/** The system's code of an error ("ENOSPC"), or ''. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
}
