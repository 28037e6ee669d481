import { randomUUID } from 'node:crypto'
import { constants, copyFileSync, existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { damageOf } from './backup.ts'
import { type Backup, listBackups } from './backup-files.ts'
import { commitMarkOf } from './commit-mark.ts'
import { connect } from './database.ts'

const restoredMarkOf = (path: string) => `${path}.restored`
const restoredSchema = z.object({ at: z.number() })

/**
 * Puts a backup in the place of a database, which is kept beside it as `<name>.damaged-<time>`: the one of this name, or
 * the newest that is whole. Only while no process has the database open. Throws AttuneError: not_found, bad_file.
 */
export function restoreBackup(
  path: string,
  name: string | null,
  now: number,
): { backup: Backup; aside: string | null } {
  const backup = chooseBackup(path, name)
  const fresh = `${path}.restoring-${randomUUID()}`
  try {
    copyFileSync(backup.path, fresh)
    prepare(fresh)
    const aside = setAside(path, now)
    writeFileSync(restoredMarkOf(path), JSON.stringify({ at: now }))
    // The name is never without a database: at a missing one, a new and empty one would be made.
    renameSync(fresh, path)
    return { backup, aside }
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(fresh + suffix, { force: true })
  }
}

/** Goes on with a database whose newest changes are lost, as it is. */
export function acceptLoss(path: string): void {
  rmSync(commitMarkOf(path), { force: true })
}

/** When a backup was put back last; null when never. What is on the disk since before may be missing in the record. */
export function restoredAt(path: string): number | null {
  try {
    return restoredSchema.parse(JSON.parse(readFileSync(restoredMarkOf(path), 'utf8'))).at
  } catch {
    return null
  }
}

function chooseBackup(path: string, name: string | null): Backup {
  const all = listBackups(path)
  if (name !== null) {
    const wanted = all.find((backup) => backup.name === name)
    if (!wanted) throw new AttuneError('not_found', `There is no backup "${name}". "attune backups list" shows them.`)
    const damage = damageOf(wanted.path)
    if (damage === null) return wanted
    throw new AttuneError('bad_file', `The backup ${wanted.path} is damaged itself (${damage}).`, { path: wanted.path })
  }
  const whole = all.find((backup) => damageOf(backup.path) === null)
  if (whole) return whole
  throw new AttuneError('not_found', `There is no backup of ${path} that is whole.`, { path, backups: all.length })
}

/**
 * Runs that had not ended when the backup was made count as being trained by a process that has ended: then they are
 * interrupted when the app opens, and their record takes up the checkpoints that are on the disk by now.
 */
function prepare(path: string): void {
  const db = connect(path)
  try {
    db.exec(`UPDATE runs SET state = 'running', owner = 'restored'
      WHERE state IN ('queued', 'running', 'paused', 'interrupted') AND deleted_at IS NULL`)
    db.pragma('wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}

/** The database under another name as well, and its -wal file, which belongs to no other, under that name only. */
function setAside(path: string, now: number): string | null {
  if (!existsSync(path)) return null
  const aside = `${path}.damaged-${new Date(now).toISOString().replace(/[:.]/g, '-')}`
  try {
    linkSync(path, aside)
  } catch {
    copyFileSync(path, aside, constants.COPYFILE_EXCL) // a file system without hard links
  }
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`)
  rmSync(`${path}-shm`, { force: true })
  acceptLoss(path)
  return aside
}
