import { buildBatch, type EncodedRows, lengthOrder } from '../data/batches.ts'
import type { Session } from '../engine/engine.ts'
import { batchFeeds, probabilities, type ScoredRows, winner } from '../tasks/text-classification.ts'
import { evaluateProgram } from './programs.ts'

/** How rows are laid out for the evaluation programs of a session. */
export interface EvaluationLayout {
  readonly classes: number
  /** Padded lengths that there are programs for. */
  readonly buckets: readonly number[]
  readonly batchSize: number
  readonly padId: number
}

/**
 * The model's word on every row, in the order of `encoded`. `onBatch` is told how many rows are done and may throw to
 * stop.
 */
export function scoreRows(
  session: Session,
  encoded: EncodedRows,
  { classes, buckets, batchSize, padId }: EvaluationLayout,
  onBatch: (done: number, total: number) => void,
): ScoredRows & { readonly logits: Float32Array } {
  const count = encoded.ids.length
  const logits = new Float32Array(count * classes)
  const predicted = new Int32Array(count)
  const loss = new Float64Array(count)
  const scores = new Float64Array(count * classes)
  let done = 0
  for (const positions of lengthOrder(encoded, batchSize)) {
    const batch = buildBatch(encoded, positions, buckets, batchSize, padId)
    const output = session.run(evaluateProgram(batch.length), batchFeeds(batch))
    positions.forEach((position, i) => {
      const row = (output.logits as Float32Array).subarray(i * classes, (i + 1) * classes)
      logits.set(row, position * classes)
      scores.set(probabilities(row), position * classes)
      predicted[position] = winner(row)
      loss[position] = output.loss?.[i] as number
    })
    done += positions.length
    onBatch(done, count)
  }
  return { rows: encoded.rows, gold: encoded.labels, predicted, loss, scores, logits }
}
