import * as tf from '@tensorflow/tfjs-core'
import { filled, lengthOrder, padTokens } from '../data/batches.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { CausalBatch, LanguageModelHead } from '../models/architecture.ts'
import { headLosses } from '../nn/head-loss.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import type { PromptedRows } from './prompted-rows.ts'
import type { BatchLayout, Evaluate, Task, TaskBatch, TaskModel } from './task.ts'
import { columnsOf, evaluationMetrics, probabilities, type ScoredRows, winner } from './text-classification.ts'

/**
 * Text classification by a language model as it is: a text stands in a prompt, behind some worked examples or none, and the
 * label that the model finds likeliest to come next is its answer (Brown et al. 2020). A label's score is the log-probability
 * of its tokens, summed; the classes' probabilities are their softmax. Nothing is trained.
 */
export const promptedClassification: Task<PromptedRows, ScoredRows> = {
  name: 'text-classification',
  headOf: ({ heads }) => heads.languageModel,
  modelFields: () => ({}),
  batchSpecs,
  batch,
  trainingLoss: (model, params, feeds, rng, total) =>
    tf.neg(tf.div(tf.sum(logProbabilities(model, params, feeds, rng)), total)),
  evaluation: (model, params, feeds) => ({ said: logProbabilities(model, params, feeds, null) }),
  score,
  metrics: evaluationMetrics,
  predictions: columnsOf,
}

/** Of a label: longer ones are known by their beginning. */
const labelTokens = 16

function batchSpecs(batchSize: number, length: number): Record<string, TensorSpec> {
  const tokens: TensorSpec = { shape: [batchSize, length], dtype: 'int32' }
  const said: TensorSpec = { shape: [batchSize, labelTokens], dtype: 'int32' }
  return {
    input_ids: tokens,
    position_ids: tokens,
    /** The tokens of a label, and the places in the batch that they are predicted at. */
    labels: said,
    places: said,
    weights: { shape: [batchSize, labelTokens], dtype: 'float32' },
  }
}

function batch(encoded: PromptedRows, positions: Int32Array, layout: BatchLayout): TaskBatch {
  const { batchSize } = layout
  const { length, inputIds, realTokens } = padTokens(encoded, positions, layout)
  const positionIds = Int32Array.from({ length: batchSize * length }, (_, i) => i % length)
  const labels = new Int32Array(batchSize * labelTokens)
  const places = new Int32Array(batchSize * labelTokens)
  const weights = new Float32Array(batchSize * labelTokens)
  let weight = 0
  for (let i = 0; i < batchSize; i++) {
    const position = filled(positions, i)
    const ids = encoded.ids[position] as Int32Array
    const start = encoded.labelStarts[position] as number
    const count = Math.min(labelTokens, ids.length - start)
    for (let k = 0; k < count; k++) {
      labels[i * labelTokens + k] = ids[start + k] as number
      places[i * labelTokens + k] = i * length + start + k - 1
      if (i < positions.length) weights[i * labelTokens + k] = 1
    }
    if (i < positions.length) weight += count
  }
  const feeds = { input_ids: inputIds, position_ids: positionIds, labels, places, weights }
  return { length, feeds, weight, examples: positions.length / encoded.classes, tokens: realTokens }
}

/** Of each sequence's label [batch], nats. */
function logProbabilities({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null): tf.Tensor {
  const { hidden, matrix } = head as LanguageModelHead<unknown>
  const input: CausalBatch = {
    inputIds: feeds.input_ids as tf.Tensor,
    positionIds: feeds.position_ids as tf.Tensor,
    segmentIds: null,
  }
  const flat = (tensor: tf.Tensor | undefined) => tf.reshape(tensor as tf.Tensor, [-1]) as tf.Tensor1D
  const before = tf.gather(hidden(config, params, input, rng), flat(feeds.places))
  const losses = headLosses(before, matrix(config, params), flat(feeds.labels))
  const weights = feeds.weights as tf.Tensor
  return tf.neg(tf.sum(tf.mul(tf.reshape(losses, weights.shape), weights), 1))
}

function score(
  encoded: PromptedRows,
  layout: BatchLayout,
  _config: unknown,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
): ScoredRows {
  const { classes, rows, gold } = encoded
  const logits = new Float64Array(rows.length * classes)
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const { said } = evaluate(batch(encoded, positions, layout))
    positions.forEach((position, i) => {
      logits[position] = said?.[i] as number
    })
    done += positions.length
    onRows(done, encoded.lengths.length)
  }
  const scores = new Float64Array(logits.length)
  const predicted = new Int32Array(rows.length)
  const loss = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const row = probabilities(logits.subarray(i * classes, (i + 1) * classes))
    scores.set(row, i * classes)
    predicted[i] = winner(row)
    // What is next to impossible is not infinitely so.
    loss[i] = -Math.log(Math.max(Number.MIN_VALUE, row[gold[i] as number] as number))
  }
  return { rows, gold, predicted, loss, scores }
}
