import * as tf from '@tensorflow/tfjs-core'
import { modelFields } from '../contract/ecosystem.ts'
import { filled, lengthOrder, padTokens } from '../data/batches.ts'
import { readTokens } from '../data/tokenizers/read-tokens.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { TokenHead } from '../models/architecture.ts'
import { crossEntropy, smoothedCrossEntropy, weightedMean } from '../nn/losses.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { type MaskedRows, slotsOf } from './masked-rows.ts'
import { type Hidden, hiddenIn } from './masking.ts'
import type { BatchConfig, BatchLayout, Draw, Evaluate, Task, TaskBatch, TaskModel } from './task.ts'
import { modelInput, tokenFeeds, tokenSpecs } from './token-feeds.ts'

/**
 * Masked words: a row is a text; some of its tokens are hidden, and the model learns to guess them from both sides. The
 * head computes those tokens only. The loss is cross-entropy, averaged over them. At every evaluation the same tokens of
 * the validation texts are hidden.
 */

/** Over a text's hidden tokens: mean loss (nats), share guessed first, their number; and what was guessed, as JSON. */
type ScoredTexts = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  readonly right: Float64Array
  readonly tokens: Float64Array
  readonly answers: readonly string[]
}

/** Guesses that are told of a hidden token, and hidden tokens that are told of a text, with so many tokens around each. */
const mostGuesses = 3
const mostTold = 6
const context = 8

export const fillMask: Task<MaskedRows, ScoredTexts> = {
  name: 'fill-mask',
  headOf: ({ heads }) => heads.maskedLanguageModel,
  modelFields: (labels) => modelFields('fill-mask', labels),
  batchSpecs,
  batch,
  trainingLoss(model, params, feeds, rng, total, { method, label_smoothing_factor: smoothing }) {
    const logits = logitsOf(model, params, feeds, method === 'head' ? null : rng)
    const each = smoothedCrossEntropy(logits, feeds.labels as tf.Tensor, smoothing)
    return weightedMean(each, feeds.weights as tf.Tensor, total)
  },
  evaluation(model, params, feeds) {
    const logits = logitsOf(model, params, feeds, null)
    const guesses = Math.min(mostGuesses, logits.shape[1] as number)
    const { values, indices } = tf.topk(tf.logSoftmax(logits as tf.Tensor2D), guesses)
    return { loss: crossEntropy(logits, feeds.labels as tf.Tensor), guesses: indices, chances: tf.exp(values) }
  },
  score,
  metrics,
  predictions: ({ rows, loss, answers }) => ({
    rows: Array.from(rows),
    loss: Array.from(loss),
    predicted: [],
    gold: [],
    scores: [],
    values: Array.from(loss),
    answers,
  }),
}

function batchSpecs(batchSize: number, length: number, { mlm_probability }: BatchConfig): Record<string, TensorSpec> {
  const slots = batchSize * slotsOf(length, mlm_probability)
  return {
    ...tokenSpecs(batchSize, length),
    mask_positions: { shape: [slots], dtype: 'int32' },
    labels: { shape: [slots], dtype: 'int32' },
    weights: { shape: [slots], dtype: 'float32' },
  }
}

function batch(
  encoded: MaskedRows,
  positions: Int32Array,
  layout: BatchLayout,
  { mlm_probability }: BatchConfig,
  draw: Draw | null,
): TaskBatch {
  const padded = padTokens(encoded, positions, layout)
  const { length, inputIds, realTokens } = padded
  const slots = slotsOf(length, mlm_probability)
  const places = new Int32Array(layout.batchSize * slots)
  const labels = new Int32Array(layout.batchSize * slots)
  const weights = new Float32Array(layout.batchSize * slots)
  let weight = 0
  for (let i = 0; i < layout.batchSize; i++) {
    const hidden = hiddenIn(encoded, filled(positions, i), mlm_probability, draw)
    places.fill(i * length, i * slots, (i + 1) * slots)
    for (const [k, { place, id, shown }] of hidden.entries()) {
      inputIds[i * length + place] = shown
      places[i * slots + k] = i * length + place
      labels[i * slots + k] = id
      if (i < positions.length) weights[i * slots + k] = 1
    }
    if (i < positions.length) weight += hidden.length
  }
  const feeds = { ...tokenFeeds(encoded, positions, layout, padded), mask_positions: places, labels, weights }
  return { length, feeds, weight, examples: positions.length, tokens: realTokens }
}

/** Logits [slots, vocabulary] of the hidden tokens. */
function logitsOf({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null): tf.Tensor {
  const { hidden, logits } = head as TokenHead<unknown>
  const chosen = tf.gather(hidden(config, params, modelInput(feeds), rng), feeds.mask_positions as tf.Tensor)
  return logits(config, params, chosen, rng)
}

function score(
  encoded: MaskedRows,
  layout: BatchLayout,
  config: BatchConfig,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
): ScoredTexts {
  const texts = encoded.rows.length
  const [loss, right, tokens] = [new Float64Array(texts), new Float64Array(texts), new Float64Array(texts)]
  const told: Told[][] = Array.from({ length: texts }, () => [])
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const built = batch(encoded, positions, layout, config, null)
    const output = evaluate(built)
    const slots = slotsOf(built.length, config.mlm_probability)
    const width = (output.guesses?.length ?? 0) / (layout.batchSize * slots)
    positions.forEach((position, i) => {
      const owner = encoded.owners[position] as number
      for (const [k, hidden] of hiddenIn(encoded, position, config.mlm_probability, null).entries()) {
        const at = i * slots + k
        const guesses = Array.from(output.guesses?.subarray(at * width, (at + 1) * width) ?? [])
        const chances = Array.from(output.chances?.subarray(at * width, (at + 1) * width) ?? [])
        loss[owner] = (loss[owner] as number) + (output.loss?.[at] as number)
        right[owner] = (right[owner] as number) + Number(guesses[0] === hidden.id)
        tokens[owner] = (tokens[owner] as number) + 1
        told[owner]?.push({ position, hidden, guesses, chances })
      }
    })
    done += positions.length
    onRows(done, encoded.ids.length)
  }
  // A text without a token has nothing to hide.
  const scored = Array.from(tokens.keys()).filter((owner) => (tokens[owner] as number) > 0)
  const column = (of: (owner: number) => number) => Float64Array.from(scored, of)
  const mean = (sums: Float64Array) => column((owner) => (sums[owner] as number) / (tokens[owner] as number))
  return {
    rows: Int32Array.from(scored, (owner) => encoded.rows[owner] as number),
    loss: mean(loss),
    right: mean(right),
    tokens: column((owner) => tokens[owner] as number),
    answers: scored.map((owner) => answerOf(encoded, told[owner] ?? [])),
  }
}

/** What was guessed for a hidden token, likeliest first. */
interface Told {
  readonly position: number
  readonly hidden: Hidden
  readonly guesses: readonly number[]
  readonly chances: readonly number[]
}

/**
 * JSON: [{"before","hidden","after","guesses":[[token, chance], …]}, …], the first few hidden tokens of the text in its
 * order. `hidden` is empty where nobody knows what was.
 */
function answerOf(encoded: MaskedRows, told: readonly Told[]): string {
  const { vocabulary, maskId } = encoded
  const read = (ids: ArrayLike<number>) => readTokens(Array.from(ids, (id) => vocabulary[id] ?? ''))
  const piece = ({ position }: Told) => encoded.pieces[position] as number
  const ordered = told.toSorted((a, b) => piece(a) - piece(b) || a.hidden.place - b.hidden.place)
  return JSON.stringify(
    ordered.slice(0, encoded.hidden === null ? mostTold : undefined).map(({ position, hidden, guesses, chances }) => {
      const ids = encoded.ids[position] as Int32Array
      const [first, last] = encoded.around
      const { place, id } = hidden
      return {
        before: read(ids.subarray(Math.max(first, place - context), place)),
        hidden: id === maskId ? '' : read([id]),
        after: read(ids.subarray(place + 1, Math.min(ids.length - last, place + 1 + context))),
        guesses: guesses.map((guess, k) => [read([guess]), Number((chances[k] as number).toFixed(4))]),
      }
    }),
  )
}

/** Means over all hidden tokens: loss in nats, the perplexity that it comes to, and the share guessed first. */
function metrics({ loss, right, tokens }: ScoredTexts): Record<string, number> {
  const all = tokens.reduce((sum, count) => sum + count, 0)
  const mean = (column: Float64Array) => column.reduce((sum, value, i) => sum + value * (tokens[i] as number), 0) / all
  return { 'eval/loss': mean(loss), 'eval/perplexity': Math.exp(mean(loss)), 'eval/token_accuracy': mean(right) }
}
