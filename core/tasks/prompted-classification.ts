import * as tf from '@tensorflow/tfjs-core'
import type { Asking } from '../contract/prompts.ts'
import { filled, lengthOrder, padTokens } from '../data/batches.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { CausalBatch, LanguageModelHead, TokenBatch, TokenHead } from '../models/architecture.ts'
import { headLosses } from '../nn/head-loss.ts'
import { placesOf } from '../nn/last-tokens.ts'
import { sparseCrossEntropy } from '../nn/losses.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { flat } from './feeds.ts'
import type { PromptedRows } from './prompted-rows.ts'
import type { BatchLayout, Evaluate, Task, TaskBatch, TaskModel } from './task.ts'
import { columnsOf, evaluationMetrics, probabilities, type ScoredRows, winner } from './text-classification.ts'

/**
 * Text classification by a pre-trained model as it is: a text stands in a prompt, behind some worked examples or none, and
 * the label that the model finds likeliest to come next (Brown et al. 2020), or in a hidden place (Schick and Schütze 2021),
 * is its answer. A label's score is the log-probability of its tokens, summed; the classes' probabilities are their softmax.
 * Nothing is trained.
 */
export function promptedClassification(asking: Asking): Task<PromptedRows, ScoredRows> {
  const writes = asking === 'next words'
  const said = writes ? nextWords : hiddenWords
  const build = (encoded: PromptedRows, positions: Int32Array, layout: BatchLayout) =>
    batch(encoded, positions, layout, writes ? 1 : 0)
  return {
    name: 'text-classification',
    headOf: ({ heads }) => (writes ? heads.languageModel : heads.maskedLanguageModel),
    modelFields: () => ({}),
    batchSpecs,
    batch: build,
    trainingLoss: (model, params, feeds, rng, total) => tf.neg(tf.div(tf.sum(said(model, params, feeds, rng)), total)),
    evaluation: (model, params, feeds) => ({ said: said(model, params, feeds, null) }),
    score: (encoded, layout, _config, evaluate, onRows) =>
      score(encoded, layout, (positions) => evaluate(build(encoded, positions, layout)), onRows),
    metrics: evaluationMetrics,
    predictions: columnsOf,
  }
}

/** Of a label: longer ones are known by their beginning. */
const labelTokens = 16

function batchSpecs(batchSize: number, length: number): Record<string, TensorSpec> {
  const tokens: TensorSpec = { shape: [batchSize, length], dtype: 'int32' }
  const said: TensorSpec = { shape: [batchSize, labelTokens], dtype: 'int32' }
  return {
    input_ids: tokens,
    attention_mask: tokens,
    /** The tokens of a label, and the places in the batch that they are predicted at. */
    labels: said,
    places: said,
    weights: { shape: [batchSize, labelTokens], dtype: 'float32' },
  }
}

/** A token is predicted `earlier` places before its own. */
function batch(encoded: PromptedRows, positions: Int32Array, layout: BatchLayout, earlier: 0 | 1): TaskBatch {
  const { batchSize } = layout
  const { length, inputIds, realTokens } = padTokens(encoded, positions, layout)
  const attentionMask = new Int32Array(batchSize * length)
  const labels = new Int32Array(batchSize * labelTokens)
  const places = new Int32Array(batchSize * labelTokens)
  const weights = new Float32Array(batchSize * labelTokens)
  let weight = 0
  for (let i = 0; i < batchSize; i++) {
    const position = filled(positions, i)
    const start = encoded.labelStarts[position] as number
    const label = encoded.labelIds[position] as Int32Array
    const count = Math.min(labelTokens, label.length)
    attentionMask.fill(1, i * length, i * length + (encoded.lengths[position] as number))
    for (let k = 0; k < count; k++) {
      labels[i * labelTokens + k] = label[k] as number
      places[i * labelTokens + k] = i * length + start + k - earlier
      if (i < positions.length) weights[i * labelTokens + k] = 1
    }
    if (i < positions.length) weight += count
  }
  const feeds = { input_ids: inputIds, attention_mask: attentionMask, labels, places, weights }
  return { length, feeds, weight, examples: positions.length / encoded.classes, tokens: realTokens }
}

/** Of each sequence's label [batch], nats: −Σ of its tokens' cross-entropies [batch·labelTokens]. */
function summed(losses: tf.Tensor, weights: tf.Tensor | undefined): tf.Tensor {
  const { shape } = weights as tf.Tensor
  return tf.neg(tf.sum(tf.mul(tf.reshape(losses, shape), weights as tf.Tensor), 1))
}

function nextWords({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null): tf.Tensor {
  const { hidden, matrix } = head as LanguageModelHead<unknown>
  const inputIds = feeds.input_ids as tf.Tensor
  const input: CausalBatch = { inputIds, positionIds: placesOf(inputIds), segmentIds: null }
  const before = tf.gather(hidden(config, params, input, rng), flat(feeds.places))
  return summed(headLosses(before, matrix(config, params), flat(feeds.labels)), feeds.weights)
}

function hiddenWords({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null): tf.Tensor {
  const inputIds = feeds.input_ids as tf.Tensor
  const tokenTypeIds = tf.zerosLike(inputIds)
  const input: TokenBatch = { inputIds, attentionMask: feeds.attention_mask as tf.Tensor, tokenTypeIds }
  const { hidden, logits } = head as TokenHead<unknown>
  const chosen = logits(config, params, tf.gather(hidden(config, params, input, rng), flat(feeds.places)), rng)
  return summed(sparseCrossEntropy(chosen, flat(feeds.labels)), feeds.weights)
}

function score(
  encoded: PromptedRows,
  layout: BatchLayout,
  evaluate: (positions: Int32Array) => ReturnType<Evaluate>,
  onRows: (done: number, total: number) => void,
): ScoredRows {
  const { classes, rows, gold } = encoded
  const logits = new Float64Array(rows.length * classes)
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const { said } = evaluate(positions)
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
