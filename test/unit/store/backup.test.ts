import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { backupPath, listBackups, pruneBackups } from '../../../core/store/backup-files.ts'
import { openStore, type Store } from '../../../core/store/open.ts'
import { acceptLoss, restoreBackup } from '../../../core/store/restore.ts'
import type { Clock } from '../../../core/util/clock.ts'
import { errorOf } from '../../support/temporary.ts'
import { addSmall, metricsAt, startRun, temporaryDir } from './small-store.ts'

const start = Date.parse('2026-11-24T12:00:00Z')

/** A clock that a test sets. */
function handClock(): Clock & { at: number } {
  const clock = { at: start, now: () => clock.at, monotonic: () => clock.at - start }
  return clock
}

function filledStore(clock: Clock): { path: string; store: Store } {
  const path = join(temporaryDir(), 'attune.sqlite')
  const store = openStore(path, { clock })
  addSmall(store)
  startRun(store, 'a')
  store.recorder.record(
    'a',
    0,
    Array.from({ length: 3000 }, (_, i) => metricsAt(i, { 'train/loss': i })),
  )
  return { path, store }
}

const filesBeside = (path: string) => readdirSync(join(path, '..')).sort()

describe('a backup', () => {
  test('is a whole database of its own, made while another connection writes', async () => {
    const clock = handClock()
    const { path, store } = filledStore(clock)
    const making = store.backups.make()
    store.recorder.record('a', 1, [metricsAt(5000, { 'train/loss': 1 })])
    await making
    store.close()
    const [backup] = listBackups(path)
    expect(backup).toMatchObject({ name: '20261124T120000000Z-regular.sqlite', at: start, reason: 'regular' })
    const copy = openStore(backup?.path ?? '', { clock })
    expect(copy.metrics.points('a', 'train/loss', 0, 10_000).length).toBeGreaterThanOrEqual(3000)
    copy.close()
  })

  test('is due when something changed since the last one, and that is old enough', async () => {
    const clock = handClock()
    clock.at = Date.now()
    const { path, store } = filledStore(clock)
    expect(store.backups.isDue(60_000)).toBe(true)
    await store.backups.make()
    expect(store.backups.isDue(60_000)).toBe(false)
    clock.at += 61_000
    // Nothing has changed.
    for (const file of [path, `${path}-wal`]) utimesSync(file, start / 1000, start / 1000)
    expect(store.backups.isDue(60_000)).toBe(false)
    utimesSync(`${path}-wal`, clock.at / 1000, clock.at / 1000)
    expect(store.backups.isDue(60_000)).toBe(true)
    expect(store.backups.isDue(120_000)).toBe(false)
    store.close()
  })

  test('of each kind the newest three are kept, and what a killed process left is removed', () => {
    const path = join(temporaryDir(), 'attune.sqlite')
    mkdirSync(join(path, '..', 'backups'))
    for (let i = 0; i < 5; i++) {
      writeFileSync(backupPath(path, start + i), '')
      writeFileSync(backupPath(path, start + i, '0001_create_datasets'), '')
    }
    const [old, young] = ['.old.sqlite.partial', '.young.sqlite.partial'].map((name) =>
      join(path, '..', 'backups', name),
    )
    for (const file of [old, young]) writeFileSync(file ?? '', '')
    utimesSync(old ?? '', start / 1000, start / 1000)
    pruneBackups(path)
    expect(listBackups(path).map(({ at, reason }) => [at - start, reason])).toEqual(
      [4, 3, 2].flatMap((i) => [
        [i, 'regular'],
        [i, '0001_create_datasets'],
      ]),
    )
    expect(readdirSync(join(path, '..', 'backups'))).toContain('.young.sqlite.partial')
    expect(readdirSync(join(path, '..', 'backups'))).not.toContain('.old.sqlite.partial')
  })
})

describe('putting a backup back', () => {
  test('keeps what was there, and interrupts the runs that it shows as going on', async () => {
    const clock = handClock()
    const { path, store } = filledStore(clock)
    await store.backups.make()
    store.logs.add('a', { at: 1, level: 'info', text: 'after the backup' })
    store.close()
    truncateSync(path, 5000)
    const damaged = readFileSync(path)
    expect(() => openStore(path, { clock })).toThrowError(/is damaged/)

    const { aside } = restoreBackup(path, null, clock.now())
    expect(readFileSync(aside ?? '').equals(damaged)).toBe(true)
    const restored = openStore(path, { clock })
    expect(restored.metrics.points('a', 'train/loss', 0, 10_000)).toHaveLength(3000)
    expect(restored.logs.list('a', -1, 10)).toEqual([])
    expect(restored.queue.active()).toEqual([{ id: 'a', owner: 'restored' }])
    expect(restored.backups.restoredAt()).toBe(start)
    restored.close()
    expect(filesBeside(path).filter((name) => name.includes('restoring'))).toEqual([])
  })

  test('passes over one that is damaged itself, and refuses it when it is named', async () => {
    const clock = handClock()
    const { path, store } = filledStore(clock)
    await store.backups.make()
    clock.at += 1000
    await store.backups.make()
    store.close()
    const [newest, older] = listBackups(path)
    truncateSync(newest?.path ?? '', 9000)
    expect(restoreBackup(path, null, clock.now()).backup.name).toBe(older?.name)
    await errorOf('bad_file', () => restoreBackup(path, newest?.name ?? '', clock.now()))
    await errorOf('not_found', () => restoreBackup(path, '../attune.sqlite', clock.now()))
    rmSync(older?.path ?? '')
    await errorOf('not_found', () => restoreBackup(path, null, clock.now()))
  })

  test('works where the database itself is gone', async () => {
    const clock = handClock()
    const { path, store } = filledStore(clock)
    await store.backups.make()
    store.close()
    rmSync(path)
    expect(restoreBackup(path, null, clock.now()).aside).toBeNull()
    openStore(path, { clock }).close()
  })
})

describe('commits that were told of', () => {
  test('are missed when they are gone, which can be accepted', async () => {
    const clock = handClock()
    const { path, store } = filledStore(clock)
    store.close()
    const before = readFileSync(path)
    const again = openStore(path, { clock })
    again.transact(() => again.logs.add('a', { at: 1, level: 'info', text: 'told' }), { durable: true })
    again.close()
    // The same file as it was before: what a deleted -wal file leaves.
    writeFileSync(path, before)
    const error = await errorOf('bad_file', () => openStore(path, { clock }))
    expect(error.message).toMatch(/newest changes are missing, 1 at least.*"attune backups accept"/)
    expect(readFileSync(path).equals(before)).toBe(true)
    acceptLoss(path)
    openStore(path, { clock }).close()
  })
})
