import * as tf from '@tensorflow/tfjs-core'
import { bucketOf, filled, lengthOrder } from '../data/batches.ts'
import { templateFiles } from '../data/chat/template.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { CausalBatch, LanguageModelHead } from '../models/architecture.ts'
import { headLosses } from '../nn/head-loss.ts'
import { weightedMean } from '../nn/losses.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import type { PairRows } from './preference-rows.ts'
import type { BatchConfig, BatchLayout, Evaluate, Known, LossConfig, Task, TaskBatch, TaskModel } from './task.ts'

/**
 * Preferences, by direct preference optimisation (Rafailov et al. 2023): a row is a prompt with an answer that is
 * preferred to another. With r = log-probability of an answer under the model − that under the reference, which is the
 * model as the run began, z = β·(r chosen − r rejected) is the margin, and the loss is −log σ(z), with label smoothing ε
 * −(1 − ε)·log σ(z) − ε·log σ(−z); or for "ipo" (Azar et al. 2023) (z/β − 1/(2β))², log-probabilities being means over an
 * answer's tokens. The reference's are computed once, before the first step.
 */

/** What a model said about pairs: log-probabilities (nats) of all tokens of an answer, summed; for IPO their mean. */
type ScoredPairs = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  /** β·(log-probability − reference's) of either answer. */
  readonly chosen: Float64Array
  readonly rejected: Float64Array
}

export const preference: Task<PairRows, ScoredPairs> = {
  name: 'preference',
  headOf: ({ heads }) => heads.languageModel,
  modelFields: () => ({}),
  files: templateFiles,
  batchSpecs,
  batch,
  beforehand: {
    widths: { reference_chosen: 1, reference_rejected: 1 },
    compute(model, params, feeds) {
      const { chosen, rejected } = logProbabilities(model, params, feeds, null)
      return { reference_chosen: chosen, reference_rejected: rejected }
    },
  },
  trainingLoss(model, params, feeds, rng, total, config) {
    const { chosen, rejected } = logProbabilities(model, params, feeds, rng)
    const above = tf.sub(chosen, feeds.reference_chosen as tf.Tensor)
    const below = tf.sub(rejected, feeds.reference_rejected as tf.Tensor)
    return weightedMean(lossOf(tf.sub(above, below), config), feeds.weights as tf.Tensor, total)
  },
  evaluation: (model, params, feeds) => logProbabilities(model, params, feeds, null),
  score,
  metrics,
  predictions: ({ rows, loss, chosen, rejected }) => ({
    rows: Array.from(rows),
    loss: Array.from(loss),
    predicted: [],
    gold: [],
    scores: [],
    values: Array.from(chosen, (reward, i) => reward - (rejected[i] as number)),
  }),
}

/** Sequences are the chosen answers of all rows, then the rejected ones, each behind its prompt. */
function batchSpecs(batchSize: number, length: number): Record<string, TensorSpec> {
  const tokens: TensorSpec = { shape: [2 * batchSize, length], dtype: 'int32' }
  const numbers: TensorSpec = { shape: [batchSize], dtype: 'float32' }
  return {
    input_ids: tokens,
    position_ids: tokens,
    labels: tokens,
    /** What a predicted token counts: 1 in an answer, or with IPO its share of it; 0 elsewhere. */
    token_weights: { shape: [2 * batchSize, length], dtype: 'float32' },
    reference_chosen: numbers,
    reference_rejected: numbers,
    weights: numbers,
  }
}

function batch(
  encoded: PairRows & Partial<Known>,
  positions: Int32Array,
  { batchSize, buckets, padId }: BatchLayout,
  { dpo_loss_type: type }: BatchConfig,
): TaskBatch {
  const longest = positions.reduce((most, position) => Math.max(most, encoded.lengths[position] as number), 0)
  const length = bucketOf(longest, buckets)
  const inputIds = new Int32Array(2 * batchSize * length).fill(padId)
  const positionIds = new Int32Array(inputIds.length)
  const labels = new Int32Array(inputIds.length)
  const tokenWeights = new Float32Array(inputIds.length)
  const constant = (name: string) => {
    const column = encoded.known?.[name]
    return Float32Array.from({ length: batchSize }, (_, i) => column?.[filled(positions, i)] ?? 0)
  }
  let tokens = 0
  for (const [side, { ids, targets }] of [encoded.chosen, encoded.rejected].entries()) {
    for (let i = 0; i < batchSize; i++) {
      const position = filled(positions, i)
      const row = ids[position] as Int32Array
      const counted = targets[position] as Uint8Array
      const at = (side * batchSize + i) * length
      const share = type === 'ipo' ? 1 / counted.reduce((sum, counts) => sum + counts, 0) : 1
      inputIds.set(row, at)
      for (let k = 0; k < row.length; k++) {
        positionIds[at + k] = k
        if (k > 0) labels[at + k - 1] = row[k] as number
        if (k > 0 && counted[k] === 1) tokenWeights[at + k - 1] = share
      }
      if (i < positions.length) tokens += row.length
    }
  }
  const feeds = {
    input_ids: inputIds,
    position_ids: positionIds,
    labels,
    token_weights: tokenWeights,
    reference_chosen: constant('reference_chosen'),
    reference_rejected: constant('reference_rejected'),
    weights: new Float32Array(batchSize).fill(1, 0, positions.length),
  }
  return { length, feeds, weight: positions.length, examples: positions.length, tokens }
}

/** Of the answers of each row, [batch] each: Σ weight·log p over their tokens, nats. */
function logProbabilities(
  { head, config }: TaskModel,
  params: Params,
  feeds: Tensors,
  rng: Rng | null,
): { chosen: tf.Tensor; rejected: tf.Tensor } {
  const { hidden, matrix } = head as LanguageModelHead<unknown>
  const input: CausalBatch = {
    inputIds: feeds.input_ids as tf.Tensor,
    positionIds: feeds.position_ids as tf.Tensor,
    segmentIds: null,
  }
  const labels = tf.reshape(feeds.labels as tf.Tensor, [-1])
  const losses = headLosses(hidden(config, params, input, rng), matrix(config, params), labels)
  const weights = feeds.token_weights as tf.Tensor
  const [sequences] = weights.shape as [number, number]
  const sums = tf.neg(tf.sum(tf.mul(tf.reshape(losses, weights.shape), weights), 1))
  const half = sequences / 2
  return { chosen: tf.slice(sums, [0], [half]), rejected: tf.slice(sums, [half], [half]) }
}

/** Each pair's loss [n], from how far the log-probability of the chosen answer has risen above that of the other [n]. */
function lossOf(
  risen: tf.Tensor,
  { dpo_beta: beta, dpo_loss_type: type, label_smoothing_factor: e }: LossConfig,
): tf.Tensor {
  if (type === 'ipo') return tf.square(tf.sub(risen, 1 / (2 * beta)))
  const margin = tf.mul(risen, beta)
  // −log σ(z) is softplus(−z), and −log σ(−z) that and z.
  const plain = tf.softplus(tf.neg(margin))
  return e === 0 ? plain : tf.add(plain, tf.mul(margin, e))
}

/** The same of a number, in float64. */
function lossOfOne(
  risen: number,
  { dpo_beta: beta, dpo_loss_type: type, label_smoothing_factor: e }: Omit<LossConfig, 'method'>,
): number {
  if (type === 'ipo') return (risen - 1 / (2 * beta)) ** 2
  const z = risen * beta
  return Math.max(-z, 0) + Math.log1p(Math.exp(-Math.abs(z))) + e * z
}

function score(
  encoded: PairRows & Partial<Known>,
  layout: BatchLayout,
  config: BatchConfig,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
): ScoredPairs {
  const count = encoded.rows.length
  const [loss, chosen, rejected] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)]
  const reference = (name: string, position: number) => encoded.known?.[name]?.[position] ?? 0
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const output = evaluate(batch(encoded, positions, layout, config))
    positions.forEach((position, i) => {
      const above = (output.chosen?.[i] as number) - reference('reference_chosen', position)
      const below = (output.rejected?.[i] as number) - reference('reference_rejected', position)
      loss[position] = lossOfOne(above - below, config)
      chosen[position] = config.dpo_beta * above
      rejected[position] = config.dpo_beta * below
    })
    done += positions.length
    onRows(done, count)
  }
  return { rows: encoded.rows, loss, chosen, rejected }
}

/** Means over all pairs; what counts as preferred is what the reference's log-probability is exceeded by more. */
function metrics({ loss, chosen, rejected }: ScoredPairs): Record<string, number> {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length
  const margins = chosen.map((reward, i) => reward - (rejected[i] as number))
  return {
    'eval/loss': mean(loss),
    'eval/reward_accuracy': mean(margins.map((margin) => (margin > 0 ? 1 : 0))),
    'eval/reward_margin': mean(margins),
    'eval/reward_chosen': mean(chosen),
    'eval/reward_rejected': mean(rejected),
  }
}
