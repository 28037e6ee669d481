import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import { applicationId, type Db } from './database.ts'
import { damaged } from './errors.ts'

const headerBytes = 100
const magic = 'SQLite format 3\0'
/** Offset of the application id in SQLite's file header, a big-endian uint32. */
const applicationIdAt = 68

/**
 * Looks at the file before SQLite does, since SQLite takes an empty file for a new database and would fill it. New
 * databases appear under their name only when they are whole (open.ts), so an empty one has lost its content.
 */
export function refuseForeignFile(path: string): void {
  const header = Buffer.alloc(headerBytes)
  const file = openSync(path, 'r')
  try {
    const read = readSync(file, header, 0, headerBytes, 0)
    if (read === 0) throw damaged(path, 'it is empty', newestBackup(path))
    if (read < headerBytes) throw damaged(path, `it ends after ${read} bytes`, newestBackup(path))
  } finally {
    closeSync(file)
  }
  if (header.toString('latin1', 0, magic.length) !== magic) {
    throw damaged(path, 'it is not an SQLite database', newestBackup(path))
  }
  const found = header.readUInt32BE(applicationIdAt)
  if (found !== applicationId) {
    throw new AttuneError(
      'bad_file',
      `${path} is the database of another program (application id ${found}). It was left as it is. ` +
        'Let ATTUNE_HOME name another folder.',
      { path, applicationId: found },
    )
  }
}

/** Walks through all pages (about half a second for a million metric points). Throws bad_file when one is broken. */
export function refuseDamagedPages(db: Db, path: string): void {
  let verdict: unknown
  try {
    verdict = db.pragma('quick_check(1)', { simple: true })
  } catch (cause) {
    throw damaged(path, cause instanceof Error ? cause.message : String(cause), newestBackup(path), { cause })
  }
  if (verdict !== 'ok') throw damaged(path, String(verdict).replaceAll('\n', ' '), newestBackup(path))
}

/** Where copies of a database are kept. */
export function backupsDir(path: string): string {
  return join(dirname(path), 'backups')
}

export function backupNames(path: string): string[] {
  const dir = backupsDir(path)
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((name) => name.endsWith('.sqlite'))
    .sort()
}

export function newestBackup(path: string): string | null {
  const name = backupNames(path).at(-1)
  return name === undefined ? null : join(backupsDir(path), name)
}
