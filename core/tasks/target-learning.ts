import * as tf from '@tensorflow/tfjs-core'
import { type Examples, filled, lengthOrder } from '../data/batches.ts'
import type { Tensors, Values } from '../engine/engine.ts'
import type { DecoderHead, Memory } from '../models/architecture.ts'
import { headCrossEntropy, headSmoothing, judgeHead } from '../nn/head-loss.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { flat } from './feeds.ts'
import type { WritingRules } from './target-writing.ts'
import type { BatchLayout, Evaluate, PredictionColumns, TaskBatch, TaskModel } from './task.ts'

/**
 * Learning to write a target from what an encoder has read or heard: each token from those before it, the end included.
 * The loss is cross-entropy, averaged over these tokens. Evaluations also write some of the targets.
 */

/** Examples with what is to be written of each. */
export interface TargetRows extends Examples {
  /** Each with the token that ends it, none with the one that it starts from. */
  readonly targets: readonly Int32Array[]
  /** The targets as they read. */
  readonly references: readonly string[]
  readonly rules: WritingRules
}

/**
 * What the model said: of every row mean loss (nats) and share right over its target's tokens, and their number; of those
 * that were written, `written` (ascending rows), what was written and what stands in the dataset.
 */
export type ScoredTargets = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  readonly right: Float64Array
  readonly tokens: Float64Array
  readonly written: Int32Array
  readonly answers: readonly string[]
  readonly references: readonly string[]
}

/** Hidden states [batch·target, width] of the target tokens, and what reads the next ones out of them. */
interface Decoded {
  readonly hidden: tf.Tensor
  readonly matrix: tf.Tensor
  readonly bias: tf.Tensor | null
}

function decoded(
  { head, config }: TaskModel,
  params: Params,
  feeds: Tensors,
  memory: Memory,
  rng: Rng | null,
): Decoded {
  const { decode, matrix, logitsBias } = head as DecoderHead<unknown>
  return {
    hidden: decode(config, params, feeds.decoder_input_ids as tf.Tensor, memory, rng),
    matrix: matrix(config, params),
    bias: logitsBias(config, params),
  }
}

/** Σ weight·loss / `total`, as Task.trainingLoss. */
export function targetLoss(
  model: TaskModel,
  params: Params,
  feeds: Tensors,
  memory: Memory,
  rng: Rng,
  total: tf.Tensor,
  smoothing: number,
): tf.Tensor {
  const { hidden, matrix, bias } = decoded(model, params, feeds, memory, rng)
  const labels = flat(feeds.labels)
  const weights = tf.div(flat(feeds.weights), total)
  const loss = headCrossEntropy(hidden, matrix, labels, weights, undefined, bias)
  return smoothing === 0 ? loss : tf.add(loss, headSmoothing(hidden, matrix, labels, weights, smoothing, bias))
}

/** Loss and whether it was right, of each target token. */
export function judgeTargets(model: TaskModel, params: Params, feeds: Tensors, memory: Memory) {
  const { hidden, matrix, bias } = decoded(model, params, feeds, memory, null)
  return judgeHead(hidden, matrix, flat(feeds.labels), undefined, bias)
}

/** What the decoder of a batch is fed, each target padded to so many columns; `weight` counts target tokens. */
export function targetFeeds(
  { targets, rules }: Pick<TargetRows, 'targets' | 'rules'>,
  positions: Int32Array,
  { batchSize, padId }: Pick<BatchLayout, 'batchSize' | 'padId'>,
  columns: number,
) {
  const decoderInputIds = new Int32Array(batchSize * columns).fill(padId)
  const labels = new Int32Array(batchSize * columns)
  const weights = new Float32Array(batchSize * columns)
  let weight = 0
  for (let i = 0; i < batchSize; i++) {
    const wanted = targets[filled(positions, i)] as Int32Array
    decoderInputIds[i * columns] = rules.startId
    decoderInputIds.set(wanted.subarray(0, -1), i * columns + 1)
    labels.set(wanted, i * columns)
    if (i >= positions.length) continue
    weights.fill(1, i * columns, i * columns + wanted.length)
    weight += wanted.length
  }
  return { feeds: { decoder_input_ids: decoderInputIds, labels, weights }, weight }
}

/** How a task scores and writes its targets. */
interface Scoring {
  readonly layout: BatchLayout
  /** Rows that are written at most: evenly spread over all. */
  readonly most: number
  readonly evaluate: Evaluate
  batch(positions: Int32Array): TaskBatch
  /** Columns that the targets of a batch were padded to. */
  columns(batch: TaskBatch): number
  /** Texts for these positions, in their order; `advance` may throw to stop. */
  write(chosen: Int32Array, advance: (rows: number) => void): readonly string[]
}

export function scoreTargets(
  encoded: TargetRows,
  { layout, most, evaluate, batch, columns, write }: Scoring,
  onRows: (done: number, total: number) => void,
): ScoredTargets {
  const count = encoded.rows.length
  const loss = new Float64Array(count)
  const right = new Float64Array(count)
  const chosen = evenly(count, most)
  let done = 0
  const advance = (more: number) => {
    done += more
    onRows(done, count + chosen.length)
  }
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const built = batch(positions)
    const output = evaluate(built)
    const width = columns(built)
    const mean = (values: Values | undefined, i: number, length: number) =>
      (values as Float32Array).subarray(i * width, i * width + length).reduce((sum, value) => sum + value, 0) / length
    positions.forEach((position, i) => {
      const { length } = encoded.targets[position] as Int32Array
      loss[position] = mean(output.loss, i, length)
      right[position] = mean(output.right, i, length)
    })
    advance(positions.length)
  }
  return {
    rows: encoded.rows,
    loss,
    right,
    tokens: Float64Array.from(encoded.targets, ({ length }) => length),
    written: chosen.map((position) => encoded.rows[position] as number),
    answers: write(chosen, advance),
    references: Array.from(chosen, (position) => encoded.references[position] as string),
  }
}

/** At most so many positions out of `count`, evenly spread. */
function evenly(count: number, most: number): Int32Array {
  const chosen = Math.min(count, most)
  return Int32Array.from({ length: chosen }, (_, i) => Math.floor((i * count) / chosen))
}

/** The mean over all tokens of rows whose own means, and tokens, are known. */
export function overTokens(means: Float64Array, tokens: Float64Array): number {
  const all = tokens.reduce((sum, count) => sum + count, 0)
  return means.reduce((sum, value, i) => sum + value * (tokens[i] as number), 0) / all
}

/** Of the rows whose targets were written: what was written, and the number that it is judged by. */
export function writtenPredictions(
  { rows, loss, written, answers, references }: ScoredTargets,
  judge: (answer: string, reference: string) => number,
): PredictionColumns {
  const placeOf = new Map(Array.from(rows, (row, place) => [row, place]))
  return {
    rows: Array.from(written),
    loss: Array.from(written, (row) => loss[placeOf.get(row) as number] as number),
    values: answers.map((answer, i) => judge(answer, references[i] as string)),
    answers,
    predicted: [],
    gold: [],
    scores: [],
  }
}
