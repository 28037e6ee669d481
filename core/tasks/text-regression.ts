import * as tf from '@tensorflow/tfjs-core'
import { modelFields } from '../contract/ecosystem.ts'
import { filled, lengthOrder, padTokens } from '../data/batches.ts'
import type { Tensors } from '../engine/engine.ts'
import { weightedMean } from '../nn/losses.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { pearson, spearman } from './metrics/correlation.ts'
import type { BatchLayout, Evaluate, Task, TaskBatch, TaskModel } from './task.ts'
import { logitsOf, pooledOf } from './text-classification.ts'
import { tokenFeeds, tokenSpecs } from './token-feeds.ts'
import type { ValuedRows } from './valued-rows.ts'

/**
 * Text regression: a row is a text and a number; a model gives one number, which is the head's only output as it is. The
 * loss is the squared error, averaged over the rows of a batch.
 */

/** What the model said about rows: its estimate, the truth, and their squared difference. */
type ScoredValues = {
  readonly rows: Int32Array
  readonly estimate: Float64Array
  readonly target: Float64Array
  readonly loss: Float64Array
}

export const textRegression: Task<ValuedRows, ScoredValues> = {
  name: 'text-regression',
  headOf: ({ heads }) => heads.classifier,
  modelFields: (labels) => modelFields('text-regression', labels),
  outputs: 1,
  batchSpecs: (batchSize, length) => ({
    ...tokenSpecs(batchSize, length),
    labels: { shape: [batchSize], dtype: 'float32' },
    weights: { shape: [batchSize], dtype: 'float32' },
  }),
  batch,
  trainingLoss(model, params, feeds, rng, total, { method }) {
    const error = errorOf(estimates(model, params, feeds, method === 'head' ? null : rng, rng), feeds)
    return weightedMean(error, feeds.weights as tf.Tensor, total)
  },
  evaluation(model, params, feeds) {
    const estimate = estimates(model, params, feeds, null, null)
    return { estimate, loss: errorOf(estimate, feeds) }
  },
  score,
  metrics({ estimate, target, loss }) {
    const mse = loss.reduce((sum, value) => sum + value, 0) / loss.length
    return {
      'eval/loss': mse,
      'eval/mse': mse,
      'eval/rmse': Math.sqrt(mse),
      'eval/pearson': pearson(estimate, target),
      'eval/spearman': spearman(estimate, target),
    }
  },
  predictions: ({ rows, estimate, loss }) => ({
    rows: Array.from(rows),
    loss: Array.from(loss),
    predicted: [],
    gold: [],
    scores: [],
    values: Array.from(loss),
    answers: Array.from(estimate, (value) => String(Number(value.toPrecision(5)))),
  }),
}

function batch(encoded: ValuedRows, positions: Int32Array, layout: BatchLayout): TaskBatch {
  const { batchSize } = layout
  const padded = padTokens(encoded, positions, layout)
  const feeds = {
    ...tokenFeeds(encoded, positions, layout, padded),
    labels: Float32Array.from({ length: batchSize }, (_, i) => encoded.targets[filled(positions, i)] as number),
    weights: new Float32Array(batchSize).fill(1, 0, positions.length),
  }
  const { length, realTokens } = padded
  return { length, feeds, weight: positions.length, examples: positions.length, tokens: realTokens }
}

/** [batch]; `below` null turns dropout off below the head. */
function estimates(model: TaskModel, params: Params, feeds: Tensors, below: Rng | null, rng: Rng | null): tf.Tensor {
  return tf.reshape(logitsOf(model, params, pooledOf(model, params, feeds, below), rng), [-1])
}

function errorOf(estimate: tf.Tensor, feeds: Tensors): tf.Tensor {
  return tf.square(tf.sub(estimate, feeds.labels as tf.Tensor))
}

function score(
  encoded: ValuedRows,
  layout: BatchLayout,
  _config: unknown,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
): ScoredValues {
  const count = encoded.rows.length
  const [estimate, loss] = [new Float64Array(count), new Float64Array(count)]
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const output = evaluate(batch(encoded, positions, layout))
    positions.forEach((position, i) => {
      estimate[position] = output.estimate?.[i] as number
      loss[position] = output.loss?.[i] as number
    })
    done += positions.length
    onRows(done, count)
  }
  return { rows: encoded.rows, estimate, target: encoded.targets, loss }
}
