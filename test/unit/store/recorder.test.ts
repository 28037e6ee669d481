import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { openStore, type Store } from '../../../core/store/open.ts'
import type { RunEvent } from '../../../core/worker/protocol.ts'
import {
  config,
  countingClock,
  metricsAt,
  queueRun,
  smallStore,
  startRun,
  temporaryDir,
  timings,
} from './small-store.ts'

function runningStore(): Store {
  const store = smallStore(join(temporaryDir(), 'attune.sqlite'))
  startRun(store, 'a')
  return store
}

const run = (store: Store) => {
  const found = store.runs.get('a')
  if (!found) throw new Error('the run is gone')
  return found.run
}

function checkpointAt(step: number, best: boolean): RunEvent {
  const path = join('runs', 'a', `checkpoint-${step}`)
  return {
    kind: 'checkpoint',
    at: step,
    step,
    epoch: step / 10,
    path,
    bytes: 100 + step,
    best,
    last: true,
    metrics: {},
  }
}

describe('the record of a run', () => {
  test('follows its events', () => {
    const store = runningStore()
    store.recorder.record('a', 0, [
      { kind: 'engine', engine: { kind: 'graph', backend: 'tensorflow', version: '2', threads: 2 } },
      { kind: 'phase', at: 1, phase: 'training', done: 5, total: 20 },
      { kind: 'log', at: 2, level: 'info', text: 'Hello.' },
      metricsAt(5, { 'train/loss': 0.7 }),
    ])
    expect(run(store)).toMatchObject({
      state: 'running',
      phase: 'training',
      phaseProgress: 0.25,
      step: 5,
      epoch: 0.5,
      engine: { kind: 'graph' },
      metrics: { 'train/loss': { last: { value: 0.7, step: 5 }, best: { value: 0.7, step: 5 } } },
    })
    store.recorder.record('a', 1, [
      { kind: 'log', at: 3, level: 'warning', text: 'Bye.' },
      { kind: 'result', outcome: 'finished', timings },
    ])
    expect(run(store)).toMatchObject({ state: 'finished', phase: null, phaseProgress: null, timings })
    expect(run(store).endedAt).toBeGreaterThan(0)
    expect(store.logs.list('a', -1, 10)).toEqual([
      { seq: 0, at: 2, level: 'info', text: 'Hello.' },
      { seq: 1, at: 3, level: 'warning', text: 'Bye.' },
    ])
    expect(store.logs.list('a', 0, 10)).toHaveLength(1)
  })

  test('each commit raises the revision', () => {
    const store = runningStore()
    const before = run(store).revision
    const first = store.recorder.record('a', 0, [metricsAt(1, { 'train/loss': 1 })])
    const second = store.recorder.record('a', 1, [metricsAt(2, { 'train/loss': 1 })])
    expect([first, second]).toEqual([
      { id: 'a', state: 'running', step: 1, revision: before + 1 },
      { id: 'a', state: 'running', step: 2, revision: before + 2 },
    ])
  })

  test('the best value is the best by the direction of its series, and a draw keeps the earlier step', () => {
    const store = runningStore()
    const losses = [0.5, 0.3, 0.4, 0.3]
    const accuracies = [0.8, 0.9, 0.7, 0.9]
    store.recorder.record(
      'a',
      0,
      losses.map((loss, i) =>
        metricsAt(i + 1, { 'eval/loss': loss, 'eval/accuracy': accuracies[i] ?? 0, 'train/learning_rate': loss }),
      ),
    )
    expect(run(store).metrics).toEqual({
      'eval/loss': { last: { value: 0.3, step: 4 }, best: { value: 0.3, step: 2 } },
      'eval/accuracy': { last: { value: 0.9, step: 4 }, best: { value: 0.9, step: 2 } },
      'train/learning_rate': { last: { value: 0.3, step: 4 }, best: { value: 0.3, step: 4 } },
    })
  })

  test('has one best and one last checkpoint, and forgets those that the run removed from the disk', () => {
    const store = runningStore()
    store.recorder.record('a', 0, [checkpointAt(10, true), checkpointAt(20, true), checkpointAt(30, false)])
    store.recorder.record('a', 1, [
      checkpointAt(40, false),
      { kind: 'pruned', path: join('runs', 'a', 'checkpoint-10') },
      { kind: 'pruned', path: join('runs', 'a', 'checkpoint-30') },
    ])
    expect(store.checkpoints.list('a')).toMatchObject([
      { step: 40, folder: 'checkpoint-40', best: false, last: true },
      { step: 20, folder: 'checkpoint-20', best: true, last: false },
    ])
    expect(run(store).bytes).toBe(140 + 120)
  })

  test('C10: when it diverged, the last good checkpoint is the last one', () => {
    const store = runningStore()
    store.recorder.record('a', 0, [checkpointAt(10, true), checkpointAt(20, false), checkpointAt(30, false)])
    store.recorder.record('a', 1, [{ kind: 'lastGood', step: 20 }])
    expect(store.checkpoints.list('a').map(({ step, best, last }) => [step, best, last])).toEqual([
      [30, false, false],
      [20, false, true],
      [10, true, false],
    ])
  })

  test('predictions come back by ascending row', () => {
    const store = runningStore()
    store.recorder.record('a', 0, [
      {
        kind: 'predictions',
        rows: [7, 2, 5],
        predicted: [1, 0, 1],
        gold: [1, 1, 0],
        loss: [0.25, 1.5, 2],
        scores: [0.25, 0.75, 0.5, 0.5, 0.125, 0.875],
      },
    ])
    const columns = store.predictions.get('a')
    expect(columns).toEqual({
      rows: Int32Array.of(2, 5, 7),
      gold: Int32Array.of(1, 0, 1),
      predicted: Int32Array.of(0, 1, 1),
      confidence: Float32Array.of(0.5, 0.875, 0.75),
      loss: Float32Array.of(1.5, 2, 0.25),
      values: Float32Array.of(1.5, 2, 0.25),
      answers: null,
    })
    expect(store.predictions.get('b')).toBeNull()
  })

  test('what rows are judged by and what was said about them come back in the same order', () => {
    const store = runningStore()
    const none = { predicted: [], gold: [], scores: [] }
    const told = { rows: [7, 2], loss: [0.25, 1.5], values: [0.5, 1], answers: ['M Y UW1', 'été'] }
    store.recorder.record('a', 0, [{ kind: 'predictions', ...none, ...told }])
    expect(store.predictions.get('a')).toMatchObject({
      rows: Int32Array.of(2, 7),
      loss: Float32Array.of(1.5, 0.25),
      values: Float32Array.of(1, 0.5),
      answers: ['été', 'M Y UW1'],
    })
  })
})

describe('a group of events', () => {
  test.each([
    ['lost', 1],
    ['come twice', -1],
  ])('that was %s is refused', (_, seq) => {
    const store = runningStore()
    expect(() => store.recorder.record('a', seq, [])).toThrowError(/where 0 was due/)
  })

  test('is written whole or not at all', () => {
    const store = runningStore()
    const unwritable = { kind: 'log', at: 1, level: 'loud', text: '' } as unknown as RunEvent
    expect(() => store.recorder.record('a', 0, [metricsAt(1, { 'train/loss': 1 }), unwritable])).toThrow()
    expect(store.metrics.points('a', 'train/loss', -1, 10)).toEqual([])
    expect(run(store).step).toBe(0)
    // The group is still due.
    store.recorder.record('a', 0, [metricsAt(1, { 'train/loss': 1 })])
    expect(run(store).step).toBe(1)
  })

  test('of a run that has ended is refused', () => {
    const store = runningStore()
    store.queue.end('a', 'interrupted', 20, null)
    expect(() => store.recorder.record('a', 0, [])).toThrowError(expect.objectContaining({ code: 'conflict' }))
  })
})

describe('the queue', () => {
  test('gives one run at a time, in the order they came', () => {
    const store = smallStore(join(temporaryDir(), 'attune.sqlite'))
    queueRun(store, 'first', 'me', 2)
    queueRun(store, 'second', 'me', 1)
    expect(store.queue.claimNext('me', 10, () => 'leave')?.id).toBe('first')
    expect(store.queue.claimNext('me', 11, () => 'leave')).toBeNull()
    store.queue.end('first', 'failed', 12, { code: 'internal', message: 'No.' })
    expect(store.queue.claimNext('me', 13, () => 'leave')?.id).toBe('second')
  })

  test("waits for, leaves or takes another process's run, as it is told", () => {
    const store = smallStore(join(temporaryDir(), 'attune.sqlite'))
    queueRun(store, 'theirs', 'them', 1)
    queueRun(store, 'mine', 'me', 2)
    expect(store.queue.claimNext('me', 10, () => 'wait')).toBeNull()
    expect(store.queue.claimNext('me', 10, () => 'leave')?.id).toBe('mine')
    store.queue.end('mine', 'stopped', 11, null)
    expect(store.queue.claimNext('me', 12, () => 'take')?.id).toBe('theirs')
  })

  test('a run ends once', () => {
    const store = runningStore()
    expect(store.queue.end('a', 'interrupted', 20, null)).toMatchObject({ id: 'a' })
    expect(store.queue.end('a', 'failed', 21, null)).toBeNull()
    expect(run(store).state).toBe('interrupted')
  })
})

test('what belongs to a run goes with it', () => {
  const store = runningStore()
  store.recorder.record('a', 0, [metricsAt(1, { 'train/loss': 1 }), checkpointAt(1, true)])
  store.queue.end('a', 'failed', 20, null)
  store.runs.purge('a')
  expect(store.runs.get('a')).not.toBeNull()
  store.runs.setDeleted('a', 30)
  store.runs.purge('a')
  expect(store.runs.get('a')).toBeNull()
  expect(store.metrics.points('a', 'train/loss', -1, 10)).toEqual([])
  expect(store.checkpoints.list('a')).toEqual([])
})

describe('a run that goes on from an earlier step', () => {
  test('has its points, its summary and its checkpoints as they were there', () => {
    const store = runningStore()
    const losses = [0.9, 0.5, 0.7, 0.1]
    store.recorder.record('a', 0, [
      metricsAt(1, { 'eval/loss': Number.NaN }),
      ...losses.map((loss, i) => metricsAt(i + 1, { 'train/loss': loss })),
      checkpointAt(3, true),
      checkpointAt(4, true),
    ])
    store.queue.end('a', 'interrupted', 20, null)
    store.metrics.rollBack('a', 3)
    store.checkpoints.rollBack('a', 3)
    const summary = store.metrics.summary('a')
    store.queue.resume('a', 'you', { step: 3, epoch: 0.3 }, summary, store.checkpoints.bytes('a'))
    expect(store.metrics.points('a', 'train/loss', -1, 10)).toEqual([
      [1, 0.9],
      [2, 0.5],
      [3, 0.7],
    ])
    expect(store.metrics.ticks('a', -1, 10)).toHaveLength(3)
    expect(run(store)).toMatchObject({ state: 'queued', step: 3, epoch: 0.3, endedAt: null, bytes: 103 })
    expect(run(store).metrics).toEqual({
      'train/loss': { last: { value: 0.7, step: 3 }, best: { value: 0.5, step: 2 } },
    })
    expect(store.checkpoints.list('a')).toMatchObject([{ step: 3, last: true }])
    // Groups count from 0 again, and the time in which nothing happened is known.
    store.queue.claimNext('you', 50, () => 'leave')
    store.recorder.record('a', 0, [metricsAt(4, { 'train/loss': 0.1 })])
    expect(run(store)).toMatchObject({ state: 'running', step: 4, idleMs: 30, startedAt: 10 })
  })

  test('can only be one that has ended', () => {
    const store = runningStore()
    expect(store.queue.resume('a', 'me', { step: 0, epoch: 0 }, {}, 0)).toBeNull()
    expect(run(store).state).toBe('running')
  })
})

test('a record of a version that had fewer settings has the defaults of the others', () => {
  const path = join(temporaryDir(), 'attune.sqlite')
  smallStore(path)
  const { save_steps: _, optim: __, ...older } = { ...config, precision: 'fp32' as const }
  const db = new Database(path)
  const insert = `INSERT INTO runs (id, name, state, config, model, dataset, colour, created_at, app_version, owner)
    VALUES ('old', 'old', 'finished', ?, 'base', 'data', 0, 1, '0.1', 'gone')`
  db.prepare(insert).run(JSON.stringify(older))
  db.close()
  const store = openStore(path, { clock: countingClock() })
  expect(store.runs.get('old')?.run.config).toEqual({ ...config, precision: 'fp32' })
  store.close()
})
