import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { AttuneError } from '../contract/errors.ts'
import { newestBackup } from './backup-files.ts'

/** An error of the driver as one that a person can act on; anything else as it came. */
export function nameStoreError(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const options = { cause: error }
  const details = { path, sqlite: error.code }
  const code = error.code.split('_').slice(0, 2).join('_')
  switch (code) {
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new AttuneError(
        'busy',
        `The database ${path} is locked by another process. Nothing was changed; try again when it is done.`,
        details,
        options,
      )
    case 'SQLITE_FULL':
      return full(path, details, options)
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_PERM':
    case 'SQLITE_IOERR':
      // A file that could not be made longer is told of as any other fault.
      if (hasNoRoom(path)) return full(path, details, options)
      return new AttuneError(
        'bad_file',
        `The database ${path} could not be written (${error.message}). Check the folder's rights and the disk.`,
        details,
        options,
      )
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return damaged(path, error.message, options)
    default:
      return error
  }
}

function full(path: string, details: Record<string, unknown>, options: ErrorOptions): AttuneError {
  return new AttuneError(
    'disk_full',
    `The disk is full: the database ${path} could not be written. Free some space; what was saved before is intact.`,
    details,
    options,
  )
}

/** Less than SQLite needs to open a database. */
function hasNoRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize < 2 ** 20
  } catch {
    return false
  }
}

interface Damage extends ErrorOptions {
  readonly details?: Readonly<Record<string, unknown>>
}

/** The sentence for a database that cannot be trusted, with the newest backup there is. */
export function damaged(path: string, reason: string, { details, ...options }: Damage = {}): AttuneError {
  const backup = newestBackup(path)
  const advice =
    backup === null
      ? 'There is no backup. To begin with an empty one, move the file away; trained weights stay in the runs folder.'
      : `"attune backups restore" puts the backup of ${new Date(backup.at).toISOString()} in its place and keeps this file beside it.`
  const accept = details?.lost === undefined ? '' : ' "attune backups accept" goes on without the missing changes.'
  return new AttuneError(
    'bad_file',
    `The database ${path} is damaged (${reason}). It was left as it is. ${advice}${accept}`,
    { path, reason, backup: backup?.path ?? null, ...details },
    options,
  )
}
