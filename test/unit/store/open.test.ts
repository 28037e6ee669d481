import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { connect, transact } from '../../../core/store/database.ts'
import { nameStoreError } from '../../../core/store/errors.ts'
import { openStore } from '../../../core/store/open.ts'
import { addSmall, countingClock, metricsAt, startRun, temporaryDir } from './small-store.ts'

const clock = countingClock()

/** A database of some two hundred pages, closed. */
function filledDatabase(): string {
  const path = join(temporaryDir(), 'attune.sqlite')
  const store = openStore(path, { clock })
  addSmall(store)
  startRun(store, 'a')
  const events = Array.from({ length: 8000 }, (_, i) => metricsAt(i, { 'train/loss': 1 / (i + 1) }))
  store.recorder.record('a', 0, events)
  store.close()
  return path
}

describe('a database that cannot be trusted is told of and left as it is', () => {
  const damages: [string, (path: string) => void][] = [
    ['of no length', (path) => truncateSync(path, 0)],
    ['cut off in its header', (path) => truncateSync(path, 60)],
    ['cut off in the middle', (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2))],
    ['that is a text', (path) => writeFileSync(path, 'text,label\nhello,ham\n'.repeat(50))],
    [
      'with an overwritten page',
      (path) => {
        const bytes = readFileSync(path)
        const page = bytes.readUInt16BE(16)
        bytes.fill(0x5a, page * 40, page * 41)
        writeFileSync(path, bytes)
      },
    ],
  ]
  test.each(damages)('%s', (_, damage) => {
    const path = filledDatabase()
    damage(path)
    const before = readFileSync(path)
    expect(() => openStore(path, { clock })).toThrowError(
      expect.objectContaining({
        code: 'bad_file',
        message: expect.stringMatching(/is damaged \(.+\)\. It was left as/),
      }),
    )
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('the newest backup is named', () => {
    const path = filledDatabase()
    const backups = join(path, '..', 'backups')
    mkdirSync(backups)
    const names = ['20240101T000000000Z-regular.sqlite', '20250203T040506007Z-0006_resume_runs.sqlite', 'mine.sqlite']
    for (const name of names) writeFileSync(join(backups, name), '')
    truncateSync(path, 0)
    expect(() => openStore(path, { clock })).toThrowError(/puts the backup of 2025-02-03T04:05:06\.007Z in its place/)
  })

  test('of another program', () => {
    const path = join(temporaryDir(), 'attune.sqlite')
    const other = new Database(path)
    other.exec('CREATE TABLE bookmarks (url TEXT)')
    other.close()
    const before = readFileSync(path)
    expect(() => openStore(path, { clock })).toThrowError(/is the database of another program/)
    expect(readFileSync(path).equals(before)).toBe(true)
  })
})

describe('settings of the connection', () => {
  test('are those that keep what was committed', () => {
    const path = join(temporaryDir(), 'attune.sqlite')
    openStore(path, { clock }).close()
    const db = new Database(path)
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(db.pragma('application_id', { simple: true })).toBe(0x4154554e)
    db.close()
  })

  test('a durable transaction is synced, others are not', () => {
    const db = connect(join(temporaryDir(), 'some.sqlite'))
    const synchronous = () => db.pragma('synchronous', { simple: true })
    expect(transact(db, synchronous)).toBe(1)
    expect(transact(db, synchronous, { durable: true })).toBe(2)
    expect(() => transact(db, () => db.exec('nonsense'), { durable: true })).toThrow()
    expect(synchronous()).toBe(1)
    db.close()
  })
})

describe('errors of the driver get names', () => {
  test('a lock that another holds is busy', () => {
    const path = join(temporaryDir(), 'attune.sqlite')
    openStore(path, { clock }).close()
    const holder = new Database(path)
    holder.exec('BEGIN IMMEDIATE')
    const impatient = new Database(path, { timeout: 0 })
    expect(() => throwNamed(path, () => impatient.exec('BEGIN IMMEDIATE'))).toThrowError(
      expect.objectContaining({ code: 'busy', message: expect.stringContaining(path) }),
    )
    impatient.close()
    holder.close()
  })

  test('no room is disk_full, and what was there is intact', () => {
    const path = filledDatabase()
    const db = connect(path)
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`)
    const insert = () => db.prepare('INSERT INTO log_lines VALUES (?, 0, 0, ?, ?)').run('a', 'info', 'x'.repeat(1e6))
    expect(() => throwNamed(path, () => transact(db, insert))).toThrowError(
      expect.objectContaining({ code: 'disk_full' }),
    )
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(db.prepare('SELECT count(*) FROM metrics').pluck().get()).toBe(8000)
    db.close()
  })

  function throwNamed(path: string, work: () => unknown): void {
    try {
      work()
    } catch (error) {
      throw nameStoreError(error, path)
    }
  }
})
