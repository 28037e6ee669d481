import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { backupPath, newestRegularBackup, partialBackup, pruneBackups } from './backup-files.ts'
import { connectToRead, type Db } from './database.ts'

/**
 * A whole copy of what is committed, in one snapshot, without the gaps of the original; proved, and on the disk, before
 * it gets its name. Other connections go on meanwhile. Takes about a second for a million metric points.
 */
export function copyDatabase(db: Db, now: number, reason?: string): void {
  const path = backupPath(db.name, now, reason)
  const partial = partialBackup(path)
  mkdirSync(dirname(path), { recursive: true })
  rmSync(partial, { force: true })
  try {
    db.prepare('VACUUM INTO ?').run(partial)
    const damage = damageOf(partial)
    if (damage !== null) throw new Error(`the copy ${partial} is damaged: ${damage}`)
    const file = openSync(partial, 'r+')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(partial, path)
  } finally {
    rmSync(partial, { force: true })
  }
  pruneBackups(db.name)
}

/** What is wrong with a copy; null when it can be read to its end. */
export function damageOf(path: string): string | null {
  try {
    const copy = connectToRead(path)
    try {
      const verdict = String(copy.pragma('quick_check(1)', { simple: true }))
      return verdict === 'ok' ? null : verdict
    } finally {
      copy.close()
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

// The extension is that of this file: .ts in the sources, .js in a build.
const thread = new URL(`./backup-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

/** The same in a thread of its own. Rejects with what went wrong there; then nothing was changed. */
export async function copyInThread(path: string, now: number): Promise<void> {
  const worker = new Worker(thread, { workerData: { path, now } })
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', () => resolve())
  })
}

/**
 * Whether something was committed since the last regular copy, that one is at least so old, and there is room for
 * another (with as much again left free).
 */
export function isBackupDue(path: string, now: number, leastAgeMs: number): boolean {
  const last = newestRegularBackup(path)
  const files = [path, `${path}-wal`].map((file) => statSync(file, { throwIfNoEntry: false }))
  const changedAt = Math.max(...files.map((file) => file?.mtimeMs ?? 0))
  if (last !== null && (now - last.at < leastAgeMs || changedAt <= last.at)) return false
  const bytes = files.reduce((sum, file) => sum + (file?.size ?? 0), 0)
  const { bavail, bsize } = statfsSync(dirname(path))
  return bavail * bsize > 2 * bytes + roomBytes
}

const roomBytes = 64 * 2 ** 20
