import type * as tf from '@tensorflow/tfjs-core'
import { modelFields } from '../contract/ecosystem.ts'
import { type Examples, filled, lengthOrder, padTokens } from '../data/batches.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { ClassifierHead } from '../models/architecture.ts'
import { smoothedCrossEntropy, sparseCrossEntropy, weightedMean } from '../nn/losses.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import type { LabelledRows } from './labelled-rows.ts'
import type { BatchLayout, Evaluate, LossConfig, PredictionColumns, Task, TaskBatch, TaskModel } from './task.ts'
import { modelInput, tokenFeeds, tokenSpecs } from './token-feeds.ts'

/**
 * Text classification: a row is one text and one label; a model gives one logit a class. Tokens become three int32
 * matrices, the label a class id; the loss is softmax cross-entropy, averaged over the rows of a batch.
 */

export const textClassification: Task<LabelledRows, ScoredRows> = {
  name: 'text-classification',
  headOf: ({ heads }) => heads.classifier,
  modelFields: (labels) => modelFields('text-classification', labels),
  batchSpecs,
  batch,
  trainingLoss(model, params, feeds, rng, total, config) {
    // A frozen model is not made to fail at random: only the head has dropout then.
    const pooled = pooledOf(model, params, feeds, config.method === 'head' ? null : rng)
    return lossOf(logitsOf(model, params, pooled, rng), feeds, total, config)
  },
  evaluation: (model, params, feeds) =>
    answersOf(logitsOf(model, params, pooledOf(model, params, feeds, null), null), feeds),
  score: (encoded, layout, _config, evaluate, onRows) =>
    scoreRows(encoded, layout, evaluate, onRows, (positions) => batch(encoded, positions, layout)),
  metrics: evaluationMetrics,
  predictions: columnsOf,
}

/** The tensors of one batch, by the names that transformers gives them. */
function batchSpecs(batchSize: number, length: number): Record<string, TensorSpec> {
  return {
    ...tokenSpecs(batchSize, length),
    labels: { shape: [batchSize], dtype: 'int32' },
    weights: { shape: [batchSize], dtype: 'float32' },
  }
}

function batch(encoded: LabelledRows, positions: Int32Array, layout: BatchLayout): TaskBatch {
  const { batchSize } = layout
  const padded = padTokens(encoded, positions, layout)
  const feeds = {
    ...tokenFeeds(encoded, positions, layout, padded),
    labels: Int32Array.from({ length: batchSize }, (_, i) => encoded.labels[filled(positions, i)] as number),
    weights: new Float32Array(batchSize).fill(1, 0, positions.length),
  }
  const { length, realTokens } = padded
  return { length, feeds, weight: positions.length, examples: positions.length, tokens: realTokens }
}

/** What the head reads of each row, [batch, width]; `rng` null turns dropout off. */
export function pooledOf({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null): tf.Tensor {
  return (head as ClassifierHead<unknown>).pooled(config, params, modelInput(feeds), rng)
}

/** Logits [batch, classes]. */
export function logitsOf({ head, config }: TaskModel, params: Params, pooled: tf.Tensor, rng: Rng | null): tf.Tensor {
  return (head as ClassifierHead<unknown>).logits(config, params, pooled, rng)
}

export function lossOf(logits: tf.Tensor, feeds: Tensors, total: tf.Tensor, config: LossConfig): tf.Tensor {
  const perExample = smoothedCrossEntropy(logits, feeds.labels as tf.Tensor, config.label_smoothing_factor)
  return weightedMean(perExample, feeds.weights as tf.Tensor, total)
}

/** What an evaluation takes from a batch: logits and each row's loss. */
export function answersOf(logits: tf.Tensor, feeds: Tensors): Record<string, tf.Tensor> {
  return { logits, loss: sparseCrossEntropy(logits, feeds.labels as tf.Tensor) }
}

/** What a model said about rows. Columns of equal length, but `scores`, which holds `classes` numbers a row. */
export type ScoredRows = {
  /** Rows of the dataset, ascending. */
  readonly rows: Int32Array
  /** Class ids. */
  readonly gold: Int32Array
  readonly predicted: Int32Array
  /** Cross-entropy, nats. */
  readonly loss: Float64Array
  /** Probabilities, row by row. */
  readonly scores: Float64Array
}

/**
 * The model's word on every row, in the order of `encoded`. `onRows` is told how many rows are
 * done and may throw to stop.
 */
export function scoreRows(
  encoded: Examples & Pick<LabelledRows, 'labels'>,
  layout: BatchLayout,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
  build: (positions: Int32Array) => TaskBatch,
): ScoredRows {
  const count = encoded.lengths.length
  const predicted = new Int32Array(count)
  const loss = new Float64Array(count)
  let scores = new Float64Array(0)
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const output = evaluate(build(positions))
    const classes = (output.logits as Float32Array).length / layout.batchSize
    if (done === 0) {
      scores = new Float64Array(count * classes)
    }
    positions.forEach((position, i) => {
      const row = (output.logits as Float32Array).subarray(i * classes, (i + 1) * classes)
      scores.set(probabilities(row), position * classes)
      predicted[position] = winner(row)
      loss[position] = output.loss?.[i] as number
    })
    done += positions.length
    onRows(done, count)
  }
  return { rows: encoded.rows, gold: encoded.labels, predicted, loss, scores }
}

/** Plain numbers, as they are told and written. */
export function columnsOf({ rows, predicted, gold, loss, scores }: ScoredRows): PredictionColumns {
  return {
    rows: Array.from(rows),
    predicted: Array.from(predicted),
    gold: Array.from(gold),
    loss: Array.from(loss),
    scores: Array.from(scores),
  }
}

/** Probabilities of one row of logits, in float64. */
export function probabilities(logits: ArrayLike<number>): number[] {
  const largest = Math.max(...Array.from(logits))
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - largest))
  const sum = exponentials.reduce((a, b) => a + b, 0)
  return exponentials.map((value) => value / sum)
}

/** The class with the largest score; the first of equals. */
export function winner(scores: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i
  return best
}

/** Mean loss, share right, and macro F1 over every scored row, by series name. */
export function evaluationMetrics(scored: ScoredRows, classes: number): Record<string, number> {
  const { gold, predicted, loss } = scored
  let right = 0
  for (let i = 0; i < gold.length; i++) if (gold[i] === predicted[i]) right++
  return {
    'eval/loss': loss.reduce((a, b) => a + b, 0) / gold.length,
    'eval/accuracy': right / gold.length,
    'eval/f1': macroF1(gold, predicted, classes),
  }
}

/**
 * The unweighted mean of each class's F1 = 2·tp / (2·tp + fp + fn), over the classes that occur in either column
 * (scikit-learn's f1_score with average="macro").
 */
export function macroF1(gold: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): number {
  const hits = new Float64Array(classes)
  const seen = new Float64Array(classes)
  for (let i = 0; i < gold.length; i++) {
    const truth = gold[i] as number
    const guess = predicted[i] as number
    seen[truth] = (seen[truth] as number) + 1
    seen[guess] = (seen[guess] as number) + 1
    if (truth === guess) hits[truth] = (hits[truth] as number) + 1
  }
  // Gold plus predicted occurrences are 2·tp + fp + fn.
  const scores = Array.from(seen.keys())
    .filter((label) => (seen[label] as number) > 0)
    .map((label) => (2 * (hits[label] as number)) / (seen[label] as number))
  return scores.reduce((a, b) => a + b, 0) / scores.length
}
