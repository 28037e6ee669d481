import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { Db } from './database.ts'

/**
 * How many durable commits a database has, counted in it and noted beside it. When its log of newest changes (the -wal
 * file) is deleted or cut off, SQLite goes on with what is left as if nothing had been: then the count is short.
 */

export const commitMarkOf = (path: string) => `${path}.commits`

/** The inode: the note does not hold for a copy of a database, or an older one put in its place. */
const noteSchema = z.object({ file: z.string(), durable: z.number().int() })

const countSql = 'UPDATE commits SET durable = durable + 1 RETURNING durable'

/** Within the transaction. Null in a database that has no count (yet). */
export function countCommit(db: Db): number | null {
  return hasCount(db) ? (db.prepare<[], number>(countSql).pluck().get() ?? null) : null
}

/** After the commit: the note is never ahead. Failing to is harmless. */
export function noteCommit(path: string, durable: number): void {
  try {
    writeFileSync(commitMarkOf(path), JSON.stringify({ file: inodeOf(path), durable }))
  } catch {
    return
  }
}

/** Commits that were told of and are not there (any more). */
export function lostCommits(db: Db, path: string): number {
  if (!hasCount(db)) return 0
  const noted = readNote(path)
  const found = db.prepare<[], number>('SELECT durable FROM commits').pluck().get() ?? 0
  return noted !== null && noted.file === inodeOf(path) ? Math.max(0, noted.durable - found) : 0
}

function readNote(path: string): z.infer<typeof noteSchema> | null {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(commitMarkOf(path), 'utf8')))
  } catch {
    return null // never written, or cut off while it was
  }
}

function hasCount(db: Db): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'commits'").get() !== undefined
}

function inodeOf(path: string): string {
  return String(statSync(path, { bigint: true }).ino)
}
