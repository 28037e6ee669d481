import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { openStore } from '../../../core/store/open.ts'
import { config, countingClock, dataset, metricsAt, model, timings } from './small-store.ts'

/** These grow with every run: a scan of one of them is felt. */
const largeTables = /\bSCAN (metrics|ticks|log_lines|checkpoints|predictions)\b/

/** Every statement that the store executes in the life of a run, as it was executed. */
function statementsOf(path: string): string[] {
  const statements = new Set<string>()
  const store = openStore(path, { clock: countingClock(), onSql: (sql) => statements.add(sql) })
  store.datasets.add(dataset)
  store.models.add(model, null)
  for (const id of ['a', 'b']) {
    store.runs.add({ id, name: id, config, colour: 0, createdAt: 1, appVersion: '1', owner: 'me' })
    store.queue.claimNext('me', 2, () => 'leave')
    store.recorder.record(id, 0, [
      metricsAt(1, { 'train/loss': 1 }),
      { kind: 'log', at: 1, level: 'info', text: 'x' },
      { kind: 'checkpoint', at: 1, step: 1, epoch: 1, path: 'c', bytes: 1, best: true, last: true, metrics: {} },
      { kind: 'predictions', rows: [1], predicted: [0], gold: [0], loss: [1], scores: [1, 0] },
      { kind: 'result', outcome: 'finished', timings },
    ])
  }
  store.metrics.points('a', 'train/loss', -1, 10)
  store.metrics.ticks('a', -1, 10)
  store.logs.list('a', -1, 10)
  store.checkpoints.list('a')
  store.checkpoints.remove('a', 7)
  store.predictions.get('a')
  store.predictions.same('a', 'b')
  store.queue.attempt('a')
  store.queue.waiting()
  store.queue.arrange(['a'])
  store.queue.heardAt('a')
  store.metrics.difference('a', 'b')
  store.runs.uncompared()
  store.runs.reproduction('a')
  store.metrics.rollBack('a', 1)
  store.metrics.summary('a')
  store.checkpoints.rollBack('a', 1)
  store.checkpoints.prune('a', 'c')
  store.predictions.remove('a')
  store.runs.get('a')
  store.runs.list()
  store.queue.active()
  store.datasets.uses('data')
  store.models.uses('base')
  store.runs.setDeleted('b', 9)
  store.runs.purge('b')
  store.close()
  return [...statements].filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE)/i.test(sql))
}

describe('plans of the statements that a run executes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'attune-plans-'))
  const path = join(dir, 'attune.sqlite')
  const statements = statementsOf(path)
  const db = new Database(path)
  afterAll(() => {
    db.close()
    rmSync(dir, { recursive: true })
  })
  const planOf = (sql: string) =>
    db
      .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail)
      .join('\n')

  test('none reads a whole large table', () => {
    expect(statements.length).toBeGreaterThan(25)
    expect(statements.filter((sql) => largeTables.test(planOf(sql)))).toEqual([])
  })

  test.each([
    [
      'a curve',
      /SELECT step, value FROM metrics/,
      /SEARCH metrics USING PRIMARY KEY \(run=\? AND series=\? AND step>\?\)/,
    ],
    ['its ticks', /FROM ticks/, /SEARCH ticks USING PRIMARY KEY \(run=\? AND step>\?\)/],
    ['a log from a line on', /SELECT seq, at, level/, /SEARCH log_lines USING PRIMARY KEY \(run=\? AND seq>\?\)/],
    ['the running run', /state = 'running'/, /SEARCH runs USING INDEX runs_by_state \(state=\?\)/],
    ['the runs of a dataset', /FROM runs WHERE dataset =/, /SEARCH runs USING COVERING INDEX runs_by_dataset/],
    ['the runs of a model', /FROM runs WHERE model =/, /SEARCH runs USING COVERING INDEX runs_by_model/],
  ])('%s is found by its index', (_, statement, plan) => {
    const sql = statements.find((candidate) => statement.test(candidate))
    expect(sql).toBeDefined()
    expect(planOf(sql ?? '')).toMatch(plan)
    expect(planOf(sql ?? '')).not.toMatch(/TEMP B-TREE/)
  })
})
