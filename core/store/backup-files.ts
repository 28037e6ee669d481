import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Copies of a database, in the folder backups/ beside it: `<time>-regular.sqlite`, `<time>-<migration>.sqlite`. */
export interface Backup {
  readonly name: string
  readonly path: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly bytes: number
  /** "regular", or the last migration before those that it was made for. */
  readonly reason: string
}

const regular = 'regular'
const kept = 3
const partialMark = '.partial'
const hourMs = 60 * 60_000
const named = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-(\w+)\.sqlite$/

/** Newest first. */
export function listBackups(database: string): Backup[] {
  const dir = join(dirname(database), 'backups')
  if (!existsSync(dir)) return []
  const names = readdirSync(dir).sort().reverse()
  return names.flatMap((name) => {
    const [, year, month, day, hours, minutes, seconds, ms, reason] = named.exec(name) ?? []
    if (reason === undefined) return []
    const path = join(dir, name)
    const at = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${ms}Z`)
    return [{ name, path, at, bytes: statSync(path).size, reason }]
  })
}

export function newestBackup(database: string): Backup | null {
  return listBackups(database)[0] ?? null
}

export function newestRegularBackup(database: string): Backup | null {
  return listBackups(database).find(({ reason }) => reason === regular) ?? null
}

/** Where the next one goes. */
export function backupPath(database: string, now: number, reason: string = regular): string {
  const stamp = new Date(now).toISOString().replace(/[-:]/g, '').replace('.', '')
  return join(dirname(database), 'backups', `${stamp}-${reason}.sqlite`)
}

/** Keeps the newest few of each kind, and removes what a killed process left half made. */
export function pruneBackups(database: string): void {
  const all = listBackups(database)
  const kinds = [all.filter(({ reason }) => reason === regular), all.filter(({ reason }) => reason !== regular)]
  for (const { path } of kinds.flatMap((kind) => kind.slice(kept))) rmSync(path, { force: true })
  const dir = join(dirname(database), 'backups')
  for (const name of readdirSync(dir).filter((name) => name.endsWith(partialMark))) {
    const made = statSync(join(dir, name), { throwIfNoEntry: false })?.mtimeMs
    if (made !== undefined && Date.now() - made > hourMs) rmSync(join(dir, name), { force: true })
  }
}

/** Under this name a copy is made; see pruneBackups. */
export const partialBackup = (path: string) => join(dirname(path), `.${basename(path)}${partialMark}`)
