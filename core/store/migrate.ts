import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import { copyDatabase } from './backup.ts'
import { type Db, transact } from './database.ts'

/** One numbered SQL file: a step forward that is never taken back or edited. */
export interface Migration {
  readonly name: string
  readonly sql: string
  readonly sha256: string
}

interface JournalRow {
  readonly name: string
  readonly sha256: string
}

const numbered = /^\d{4}_[a-z0-9_]+\.sql$/

/** The migrations folder: at the root of sources and of the packaged app, found upwards from here. */
export function migrationsDir(from: string = import.meta.dirname): string {
  const dir = join(from, 'migrations')
  if (existsSync(join(dir, '0001_create_datasets.sql'))) return dir
  if (dirname(from) === from) throw new Error('the migrations folder is not above the store')
  return migrationsDir(dirname(from))
}

/** In the order of their numbers. Hashes are over LF line ends: a checkout on Windows may have turned them. */
export function readMigrations(dir: string = migrationsDir()): Migration[] {
  const names = readdirSync(dir).filter((name) => numbered.test(name))
  return names.sort().map((name) => {
    const sql = readFileSync(join(dir, name), 'utf8').replaceAll('\r\n', '\n')
    return { name: name.slice(0, -'.sql'.length), sql, sha256: createHash('sha256').update(sql).digest('hex') }
  })
}

/**
 * Brings a database to the last migration. Each step and its journal row commit together, so that an end in the middle
 * leaves whole steps only. A database with content is copied to backups/ before the first step.
 * Throws bad_file for a database of a newer Attune and for one whose applied steps differ from ours.
 */
export function migrate(db: Db, migrations: readonly Migration[], now: number): void {
  const applied = readJournal(db)
  refuseOtherHistory(db.name, applied, migrations)
  if (applied.length === migrations.length) return
  const last = applied.at(-1)
  if (last) copyDatabase(db, now, last.name)
  for (const migration of migrations.slice(applied.length)) {
    transact(db, () => applyOnce(db, migration, now), { durable: true })
  }
}

function applyOnce(db: Db, migration: Migration, now: number): void {
  // Another process may have been faster between our look and our lock.
  const applied = readJournal(db)
  if (applied.some(({ name }) => name === migration.name)) return
  db.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
    name TEXT NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL,
    applied_at INTEGER NOT NULL
  ) STRICT`)
  db.exec(migration.sql)
  db.prepare('INSERT INTO schema_migrations (name, sha256, applied_at) VALUES (?, ?, ?)').run(
    migration.name,
    migration.sha256,
    now,
  )
  db.pragma(`user_version = ${applied.length + 1}`)
}

function readJournal(db: Db): JournalRow[] {
  const exists = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'").get()
  if (!exists) return []
  return db.prepare<[], JournalRow>('SELECT name, sha256 FROM schema_migrations ORDER BY name').all()
}

function refuseOtherHistory(path: string, applied: readonly JournalRow[], known: readonly Migration[]): void {
  for (const [index, { name, sha256 }] of applied.entries()) {
    const ours = known[index]
    if (ours === undefined) {
      throw new AttuneError(
        'bad_file',
        `The database ${path} was written by a newer Attune: it is at ${applied.at(-1)?.name}, this one knows up to ` +
          `${known.at(-1)?.name}. It was left as it is. Update Attune, or let ATTUNE_HOME name another folder.`,
        { path, found: applied.at(-1)?.name, known: known.at(-1)?.name },
      )
    }
    if (ours.name !== name || ours.sha256 !== sha256) {
      throw new AttuneError(
        'bad_file',
        `The database ${path} went through another "${name}" than this Attune's "${ours.name}": a migration was edited ` +
          'after it had been applied. It was left as it is. Take the version that wrote it, or another ATTUNE_HOME.',
        { path, name, found: sha256, known: ours.sha256 },
      )
    }
  }
}
