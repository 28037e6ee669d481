import type { RunEvent } from '../../worker/protocol.ts'
import { blobOf, float32Of, int32Of } from '../columns.ts'
import type { Db } from '../database.ts'

/**
 * A run's validation predictions as columns of one length; `rows` ascends. Class ids are of the run's plan; without
 * classes their columns are empty.
 */
export interface PredictionColumns {
  readonly rows: Int32Array
  readonly gold: Int32Array
  readonly predicted: Int32Array
  readonly confidence: Float32Array
  readonly loss: Float32Array
  /** What a row is judged by where it is not its class. */
  readonly values: Float32Array
  /** What the model said, as text; null where it said no text. */
  readonly answers: readonly string[] | null
}

interface PredictionRow {
  readonly row_ids: Buffer
  readonly gold: Buffer
  readonly predicted: Buffer
  readonly confidence: Buffer
  readonly loss: Buffer
  readonly value: Buffer
  readonly answers: string | null
}

const upsertSql = `
  INSERT OR REPLACE INTO predictions (run, row_ids, gold, predicted, confidence, loss, scores, value, answers)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

const selectSql = 'SELECT row_ids, gold, predicted, confidence, loss, value, answers FROM predictions WHERE run = ?'

const sameSql = `
  SELECT one.row_ids = other.row_ids AND one.predicted = other.predicted AND one.loss = other.loss
    AND one.scores = other.scores AND one.value = other.value AND one.answers IS other.answers
  FROM predictions AS one, predictions AS other WHERE one.run = ? AND other.run = ?`

export function predictionQueries(db: Db) {
  const upsert = db.prepare(upsertSql)
  const remove = db.prepare('DELETE FROM predictions WHERE run = ?')
  const select = db.prepare<[string], PredictionRow>(selectSql)
  const same = db.prepare<[string, string], 0 | 1>(sameSql).pluck()
  return {
    set(run: string, event: Omit<Extract<RunEvent, { kind: 'predictions' }>, 'kind'>): void {
      const columns = inOrder(event)
      upsert.run(
        run,
        blobOf(columns.rows),
        blobOf(columns.gold),
        blobOf(columns.predicted),
        blobOf(columns.confidence),
        blobOf(columns.loss),
        blobOf(columns.scores),
        blobOf(columns.values),
        columns.answers && JSON.stringify(columns.answers),
      )
    },
    /** Of a run that goes on. */
    remove(run: string): void {
      remove.run(run)
    },
    /** Whether two runs answered all alike, to the bit; null where one of them has no predictions. */
    same(one: string, other: string): boolean | null {
      const answer = same.get(one, other)
      return answer === undefined ? null : answer === 1
    },
    get(run: string): PredictionColumns | null {
      const row = select.get(run)
      if (!row) return null
      const loss = float32Of(row.loss)
      return {
        rows: int32Of(row.row_ids),
        gold: int32Of(row.gold),
        predicted: int32Of(row.predicted),
        confidence: float32Of(row.confidence),
        loss,
        values: row.value.length === 0 ? loss : float32Of(row.value),
        answers: row.answers === null ? null : (JSON.parse(row.answers) as string[]),
      }
    },
  }
}

export type PredictionQueries = ReturnType<typeof predictionQueries>

type Told = Omit<Extract<RunEvent, { kind: 'predictions' }>, 'kind'>

/** By ascending row, so that runs can be joined by walking through both. */
function inOrder({
  rows,
  gold,
  predicted,
  loss,
  scores,
  values = [],
  answers,
}: Told): PredictionColumns & { readonly scores: Float32Array } {
  const count = rows.length
  const classes = count === 0 ? 0 : scores.length / count
  const order = Array.from(rows.keys()).sort((a, b) => at(rows, a) - at(rows, b))
  return {
    rows: Int32Array.from(order, (i) => at(rows, i)),
    gold: Int32Array.from(classes === 0 ? [] : order, (i) => at(gold, i)),
    predicted: Int32Array.from(classes === 0 ? [] : order, (i) => at(predicted, i)),
    confidence: Float32Array.from(classes === 0 ? [] : order, (i) => at(scores, i * classes + at(predicted, i))),
    loss: Float32Array.from(order, (i) => at(loss, i)),
    scores: Float32Array.from({ length: scores.length }, (_, flat) => {
      const i = at(order, Math.floor(flat / classes))
      return at(scores, i * classes + (flat % classes))
    }),
    values: Float32Array.from(values.length === 0 ? [] : order, (i) => at(values, i)),
    answers: answers ? order.map((i) => answers[i] as string) : null,
  }
}

/** The worker sends columns of equal length. */
function at(column: readonly number[], index: number): number {
  return column[index] as number
}
