import Database from 'better-sqlite3'
import { AttuneError } from '../contract/errors.ts'

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
      return new AttuneError(
        'disk_full',
        `The disk is full: the database ${path} could not be written. Free some space; what was saved before is intact.`,
        details,
        options,
      )
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_PERM':
    case 'SQLITE_IOERR':
      return new AttuneError(
        'bad_file',
        `The database ${path} could not be written (${error.message}). Check the folder's rights and the disk.`,
        details,
        options,
      )
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return damaged(path, error.message, null, options)
    default:
      return error
  }
}

/** The sentence for a database that cannot be trusted. `backup` is the newest copy there is. */
export function damaged(path: string, reason: string, backup: string | null, options?: ErrorOptions): AttuneError {
  const advice =
    backup === null
      ? 'There is no backup. To begin with an empty one, move the file away; trained weights stay in the runs folder.'
      : `To go back to the last backup, move the file away and put a copy of ${backup} in its place.`
  return new AttuneError(
    'bad_file',
    `The database ${path} is damaged (${reason}). It was left as it is. ${advice}`,
    { path, reason, backup },
    options,
  )
}
