import { existsSync, readdirSync } from 'node:fs'
import { AttuneError } from '../contract/errors.ts'
import { type Backup, listBackups } from '../store/backup-files.ts'
import { isOwnerAlive } from '../store/owner.ts'
import { acceptLoss, restoreBackup } from '../store/restore.ts'
import type { Clock } from '../util/clock.ts'
import { databaseOf, locksOf } from './folders.ts'

/** What can be done with a data home whose database does not open. */

/** Newest first. */
export function backupsOf(home: string): Backup[] {
  return listBackups(databaseOf(home))
}

/**
 * Puts the backup of this name, or the newest that is whole, in the database's place; that one stays beside it.
 * Throws AttuneError: conflict while another process has the home open, not_found, bad_file.
 */
export function restoreDatabase(
  home: string,
  name: string | null,
  clock: Clock,
): { backup: Backup; aside: string | null } {
  refuseOpenHome(home)
  return restoreBackup(databaseOf(home), name, clock.now())
}

/** Goes on with a database whose newest changes are lost. Throws AttuneError conflict as restoreDatabase. */
export function acceptDatabase(home: string): void {
  refuseOpenHome(home)
  acceptLoss(databaseOf(home))
}

function refuseOpenHome(home: string): void {
  const locks = locksOf(home)
  const ids = existsSync(locks) ? readdirSync(locks).flatMap((name) => /^(.+)\.lock$/.exec(name)?.[1] ?? []) : []
  const living = ids.filter((id) => isOwnerAlive(locks, id)).map((id) => id.split('-')[0])
  if (living.length === 0) return
  throw new AttuneError('conflict', `Attune is open on ${home} (process ${living.join(', ')}). Close it first.`, {
    home,
  })
}
