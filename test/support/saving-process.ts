import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { toErrorPayload } from '../../core/contract/errors.ts'
import { nameStoreError } from '../../core/store/errors.ts'
import { openStore, type Store } from '../../core/store/open.ts'
import { systemClock } from '../../core/util/clock.ts'
import type { RunEvent } from '../../core/worker/protocol.ts'
import { queueRun } from '../unit/store/small-store.ts'
import { type Failure, failCalls } from './failing-calls.ts'

/**
 * Saves a run into a fresh copy of a database, again and again: each time another call fails. Says for each what was
 * acknowledged and what is there. Arguments: the database (closed, with a dataset and a model), a folder, and how many
 * calls to go on by.
 */
const [origin = '', folder = '', stride = '1'] = process.argv.slice(2)

/** All or nothing, each of them. */
const acts: ((store: Store) => void)[] = [
  (store) => store.transact(() => queueRun(store, 'a'), { durable: true }),
  (store) => void store.queue.claimNext('me', 1, () => 'leave'),
  (store) => void store.recorder.record('a', 0, groupOf(0)),
  (store) => void store.recorder.record('a', 1, groupOf(100)),
  (store) => void store.queue.end('a', 'stopped', 2, null),
]

/** A hundred points, some pages of text, a checkpoint. */
function groupOf(from: number): RunEvent[] {
  const points = Array.from({ length: 100 }, (_, i): RunEvent => {
    const step = from + i
    return {
      kind: 'metrics',
      step,
      epoch: 0,
      examples: step,
      tokens: step,
      elapsedMs: step,
      values: { 'train/loss': i },
    }
  })
  const text = 'x'.repeat(5000)
  const checkpoint = { at: 1, step: from, epoch: 0, path: `checkpoint-${from}`, bytes: 1, best: true, last: true }
  return [...points, { kind: 'log', at: 1, level: 'info', text }, { kind: 'checkpoint', ...checkpoint, metrics: {} }]
}

function save(path: string): { acknowledged: number; error: string | null } {
  let acknowledged = 0
  try {
    const store = openStore(path, { clock: systemClock })
    try {
      for (const act of acts) {
        act(store)
        acknowledged++
      }
    } finally {
      store.close()
    }
    return { acknowledged, error: null }
  } catch (thrown) {
    return { acknowledged, error: toErrorPayload(nameStoreError(thrown, path)).code }
  }
}

/** How many of the acts are to be seen, and whether any of them only in part. */
function look(path: string): { found: number; isMixed: boolean; integrity: unknown } {
  const database = new Database(path, { readonly: true })
  const one = (sql: string) => database.prepare<[], string | number>(sql).pluck().get()
  const state = one("SELECT state FROM runs WHERE id = 'a'")
  const counts = ['metrics', 'ticks', 'log_lines', 'checkpoints'].map((table) =>
    Number(one(`SELECT count(*) FROM ${table}`)),
  )
  const groups = (counts[0] ?? 0) / 100
  const isWhole = [groups * 100, groups * 100, groups, groups].every((count, i) => count === counts[i])
  const nextSeq = Number(one("SELECT next_seq FROM runs WHERE id = 'a'") ?? 0)
  const found = state === undefined ? 0 : state === 'queued' ? 1 : state === 'running' ? 2 + groups : 5
  const integrity = database.pragma('integrity_check', { simple: true })
  database.close()
  return { found, isMixed: !isWhole || nextSeq !== groups || (state === 'stopped' && groups !== 2), integrity }
}

function attempt(failure: Failure): boolean {
  const dir = join(folder, `${failure.code}-${failure.forEver ? 'all' : 'one'}-${failure.call}`)
  mkdirSync(dir)
  const path = join(dir, 'failing.sqlite')
  copyFileSync(origin, path)
  const end = failCalls(failure)
  const saved = save(path)
  const { calls, fired } = end()
  // Another process, which opens it afterwards, must find it usable.
  const reopened = openStore(path, { clock: systemClock })
  reopened.close()
  process.stdout.write(`${JSON.stringify({ ...failure, ...saved, ...look(path), calls, fired })}\n`)
  return fired
}

attempt({ call: 0, code: 'EIO', forEver: false })
for (const code of ['ENOSPC', 'EIO'] as const) {
  for (const forEver of [false, true]) {
    let call = 1
    while (attempt({ call, code, forEver })) call += Number(stride)
  }
}
