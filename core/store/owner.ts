import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'

/**
 * A process that owns runs, known to the others by a locked file. The system drops the lock when the process ends,
 * however it ends, on every platform; a process id would come again after a restart, and its start time is not to be had
 * everywhere. The lock is SQLite's own, on an empty database.
 */
export interface Owner {
  /** `<pid>-<uuid>` */
  readonly id: string
  /** Lets go: from here on the owner counts as ended. */
  close(): void
}

export function becomeOwner(dir: string): Owner {
  mkdirSync(dir, { recursive: true })
  sweepEnded(dir)
  const id = `${process.pid}-${randomUUID()}`
  const db = new Database(lockPath(dir, id))
  // Nothing is ever written: no journal beside it either.
  db.pragma('journal_mode = MEMORY')
  db.exec('BEGIN EXCLUSIVE')
  if (!existsSync(lockPath(dir, id))) {
    // Swept by another process in the moment between its making and its locking.
    db.close()
    return becomeOwner(dir)
  }
  return {
    id,
    close() {
      db.exec('ROLLBACK')
      db.close()
      rmSync(lockPath(dir, id), { force: true })
    },
  }
}

/** Whether the process behind this id still runs. Reading takes a shared lock, so that many may ask at once. */
export function isOwnerAlive(dir: string, id: string): boolean {
  const path = lockPath(dir, id)
  if (!existsSync(path)) return false
  let db: Database.Database | null = null
  try {
    db = new Database(path, { timeout: 0, fileMustExist: true })
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    // Vanished meanwhile: it has just ended.
    return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
  } finally {
    db?.close()
  }
}

function sweepEnded(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (!name.endsWith('.lock')) continue
    removeUnlocked(join(dir, name))
  }
}

/**
 * Under the file's own lock: an owner that has made its file and not yet locked it waits, and then sees that the file
 * is gone. Looking first and removing afterwards would take the file of an owner that locked it in between.
 */
function removeUnlocked(path: string): void {
  let db: Database.Database | null = null
  try {
    db = new Database(path, { timeout: 0, fileMustExist: true })
    db.exec('BEGIN EXCLUSIVE')
  } catch {
    // Locked: its owner lives. Or gone.
    db?.close()
    return
  }
  const removed = remove(path)
  db.close()
  // Windows removes no open file, and so not that of an owner that waits either.
  if (!removed) remove(path)
}

function remove(path: string): boolean {
  try {
    rmSync(path, { force: true })
    return true
  } catch {
    return false
  }
}

function lockPath(dir: string, id: string): string {
  return join(dir, `${id}.lock`)
}
