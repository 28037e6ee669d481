import Database from 'better-sqlite3'
import { countCommit, noteCommit } from './commit-mark.ts'

export type Db = Database.Database

/** Written into the header of every database of ours: "ATUN". */
export const applicationId = 0x4154554e

/** How long a statement waits for another process's lock before it fails as busy. */
const busyTimeoutMs = 5000

/**
 * Opens a database with the settings that all of ours have. WAL with synchronous NORMAL survives any end of the
 * process; only a power cut may take the last commits, and `transact` with `durable` closes that gap where it matters.
 */
export function connect(path: string, onSql?: (sql: string) => void): Db {
  const db = new Database(path, { timeout: busyTimeoutMs, ...(onSql && { verbose: (sql) => onSql(String(sql)) }) })
  try {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = NORMAL')
    db.pragma('foreign_keys = ON')
    db.pragma('trusted_schema = OFF')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

export function connectToRead(path: string): Db {
  return new Database(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs })
}

export interface Transaction {
  /** The commit also outlives a power cut; for what the person is told has happened. */
  readonly durable?: boolean
  /** How long to wait for another process's lock, milliseconds; the whole process waits. */
  readonly patienceMs?: number
}

/** One write transaction. Locks at its begin (an upgrade from reading could fail at once, whatever the timeout says). */
export function transact<T>(db: Db, work: () => T, { durable = false, patienceMs }: Transaction = {}): T {
  if (db.inTransaction) return work()
  if (durable) db.pragma('synchronous = FULL')
  if (patienceMs !== undefined) db.pragma(`busy_timeout = ${patienceMs}`)
  let counted: number | null = null
  try {
    const result = db
      .transaction(() => {
        const done = work()
        if (durable) counted = countCommit(db)
        return done
      })
      .immediate()
    if (counted !== null) noteCommit(db.name, counted)
    return result
  } finally {
    if (patienceMs !== undefined) db.pragma(`busy_timeout = ${busyTimeoutMs}`)
    if (durable) db.pragma('synchronous = NORMAL')
  }
}
