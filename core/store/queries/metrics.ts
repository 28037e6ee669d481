import type { MetricSummary, Reproduction } from '../../contract/domain.ts'
import type { RunEvent } from '../../worker/protocol.ts'
import type { Db } from '../database.ts'
import { summarize } from '../run-draft.ts'

export type PointRow = [step: number, value: number | null]
export type TickRow = [step: number, epoch: number, examples: number, tokens: number, elapsedMs: number]

/** The newest step may be told of again (a run that goes on from it): the later value counts. */
const insertPointSql = `
  INSERT INTO metrics (run, series, step, value) VALUES (?, ?, ?, ?)
  ON CONFLICT (run, series, step) DO UPDATE SET value = excluded.value`

/** Training and evaluation report the same step separately. */
const insertTickSql = `
  INSERT INTO ticks (run, step, epoch, examples, tokens, elapsed_ms) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (run, step) DO NOTHING`

const pointsSql = `
  SELECT step, value FROM metrics
  WHERE run = ? AND series = ? AND step >= ?
  ORDER BY step LIMIT ?`

const ticksSql = `
  SELECT step, epoch, examples, tokens, elapsed_ms FROM ticks
  WHERE run = ? AND step >= ?
  ORDER BY step LIMIT ?`

const rollBackPointsSql = 'DELETE FROM metrics WHERE run = ? AND step > ?'
const rollBackTicksSql = 'DELETE FROM ticks WHERE run = ? AND step > ?'
const allPointsSql = 'SELECT series, step, value FROM metrics WHERE run = ? ORDER BY series, step'

/** Speed and memory are never the same twice. */
const comparedSql = "SELECT series, step, value FROM metrics WHERE run = ? AND series NOT LIKE 'perf/%'"
const differenceSql = `
  WITH one AS (${comparedSql}), other AS (${comparedSql})
  SELECT series, step, one.value AS original, other.value AS reproduced
  FROM one FULL JOIN other USING (series, step)
  WHERE one.value IS NOT other.value OR one.step IS NULL OR other.step IS NULL
  ORDER BY step, series = 'train/loss' DESC LIMIT 1`
const comparedCountSql = `SELECT count(*) FROM (${comparedSql})`

export function metricQueries(db: Db) {
  const insertPoint = db.prepare(insertPointSql)
  const insertTick = db.prepare(insertTickSql)
  const rollBackPoints = db.prepare(rollBackPointsSql)
  const rollBackTicks = db.prepare(rollBackTicksSql)
  const allPoints = db.prepare<[string], { series: string; step: number; value: number | null }>(allPointsSql)
  const difference = db.prepare<[string, string], NonNullable<Reproduction['first']>>(differenceSql)
  const comparedCount = db.prepare<[string], number>(comparedCountSql).pluck()
  const points = db.prepare<[string, string, number, number], PointRow>(pointsSql).raw()
  const ticks = db.prepare<[string, number, number], TickRow>(ticksSql).raw()
  return {
    add(run: string, event: Omit<Extract<RunEvent, { kind: 'metrics' }>, 'kind'>): void {
      const { step, epoch, examples, tokens, elapsedMs, values } = event
      insertTick.run(run, step, epoch, examples, tokens, elapsedMs)
      for (const [series, value] of Object.entries(values)) insertPoint.run(run, series, step, value)
    },
    /** Forgets what came after a step that a run goes on from: it comes again. */
    rollBack(run: string, step: number): void {
      rollBackPoints.run(run, step)
      rollBackTicks.run(run, step)
    },
    /** Last and best of each curve, from its points. */
    summary(run: string): Record<string, MetricSummary> {
      const summary: Record<string, MetricSummary> = {}
      let own: Record<string, MetricSummary> = {}
      for (const { series, step, value } of allPoints.iterate(run)) {
        // One small object a point, not a copy of all series.
        if (!(series in own)) own = {}
        own = summarize(own, { [series]: value ?? Number.NaN }, step)
        Object.assign(summary, own)
      }
      return summary
    },
    /**
     * The first value, by step, that two runs do not have in common (to the bit; a value that is missing or not a number
     * is null), and how many the first run has to compare.
     */
    difference: (original: string, reproduced: string) => ({
      values: comparedCount.get(original) ?? 0,
      first: difference.get(original, reproduced) ?? null,
    }),
    /** Points of a curve from a step on, in order; null stands for NaN. */
    points: (run: string, series: string, from: number, limit: number) => points.all(run, series, from, limit),
    ticks: (run: string, from: number, limit: number) => ticks.all(run, from, limit),
  }
}

export type MetricQueries = ReturnType<typeof metricQueries>
