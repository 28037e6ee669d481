import { closeSync, openSync, readSync } from 'node:fs'
import { AttuneError } from '../contract/errors.ts'
import { lostCommits } from './commit-mark.ts'
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
    if (read === 0) throw damaged(path, 'it is empty')
    if (read < headerBytes) throw damaged(path, `it ends after ${read} bytes`)
  } finally {
    closeSync(file)
  }
  if (header.toString('latin1', 0, magic.length) !== magic) {
    throw damaged(path, 'it is not an SQLite database')
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
    throw damaged(path, cause instanceof Error ? cause.message : String(cause), { cause })
  }
  if (verdict !== 'ok') throw damaged(path, String(verdict).replaceAll('\n', ' '))
}

/** Throws bad_file when changes that a person was told of are not there: their -wal file was deleted or cut off. */
export function refuseLostCommits(db: Db, path: string): void {
  const lost = lostCommits(db, path)
  if (lost === 0) return
  const reason = `its newest changes are missing, ${lost} at least: the -wal file beside it was deleted or cut off`
  throw damaged(path, reason, { details: { lost } })
}
