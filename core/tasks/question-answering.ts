import * as tf from '@tensorflow/tfjs-core'
import { modelFields } from '../contract/ecosystem.ts'
import { filled, lengthOrder, padTokens } from '../data/batches.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { TokenHead } from '../models/architecture.ts'
import { smoothedCrossEntropy, weightedMean } from '../nn/losses.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { answerF1, exactMatch } from './metrics/squad.ts'
import type { QuestionRows } from './question-rows.ts'
import type { BatchLayout, Evaluate, Task, TaskBatch, TaskModel } from './task.ts'
import { modelInput, tokenFeeds, tokenSpecs } from './token-feeds.ts'

/**
 * Extractive question answering: a row is a question and a text in which the answer stands. A model gives each token two
 * logits, to be the answer's first and its last; the loss is the mean of both cross-entropies over all real tokens (in
 * transformers padding takes part), averaged over the windows of a batch. The answer is the likeliest stretch of the text
 * over all windows, each of which shares its chances with the token that stands for none. Source: Devlin et al. 2018, 4.2.
 */

/** What the model said to questions: the mean loss of a question's windows (nats), its answer, and the right one. */
type ScoredQuestions = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  readonly answers: readonly string[]
  readonly gold: readonly string[]
}

/** Of padding: so far below all others that it has no part in a softmax. */
const paddingLogit = -1e4

/** Tokens that an answer has at most. */
const longestAnswer = 30

export const questionAnswering: Task<QuestionRows, ScoredQuestions> = {
  name: 'question-answering',
  headOf: ({ heads }) => heads.questionAnswering,
  modelFields: (labels) => modelFields('question-answering', labels),
  outputs: 2,
  batchSpecs(batchSize, length): Record<string, TensorSpec> {
    return {
      ...tokenSpecs(batchSize, length),
      start_positions: { shape: [batchSize], dtype: 'int32' },
      end_positions: { shape: [batchSize], dtype: 'int32' },
      weights: { shape: [batchSize], dtype: 'float32' },
    }
  },
  batch,
  trainingLoss(model, params, feeds, rng, total, { method, label_smoothing_factor: smoothing }) {
    const logits = spanLogits(model, params, feeds, method === 'head' ? null : rng, rng)
    return weightedMean(lossOf(logits, feeds, smoothing), feeds.weights as tf.Tensor, total)
  },
  evaluation(model, params, feeds) {
    const logits = spanLogits(model, params, feeds, null, null)
    const real = tf.cast(feeds.attention_mask as tf.Tensor, 'float32')
    const chances = (each: tf.Tensor) => tf.mul(tf.logSoftmax(each as tf.Tensor2D), real)
    return { start: chances(logits.start), end: chances(logits.end), loss: lossOf(logits, feeds, 0) }
  },
  score,
  metrics({ loss, answers, gold }) {
    const mean = (of: (i: number) => number) => loss.reduce((sum, _, i) => sum + of(i), 0) / loss.length
    return {
      'eval/loss': mean((i) => loss[i] as number),
      'eval/exact_match': mean((i) => exactMatch(answers[i] as string, gold[i] as string)),
      'eval/answer_f1': mean((i) => answerF1(answers[i] as string, gold[i] as string)),
    }
  },
  predictions: ({ rows, loss, answers, gold }) => ({
    rows: Array.from(rows),
    loss: Array.from(loss),
    predicted: [],
    gold: [],
    scores: [],
    values: answers.map((answer, i) => answerF1(answer, gold[i] as string)),
    answers,
  }),
}

function batch(encoded: QuestionRows, positions: Int32Array, layout: BatchLayout): TaskBatch {
  const { batchSize } = layout
  const padded = padTokens(encoded, positions, layout)
  const second = { from: encoded.secondFrom, type: encoded.secondType }
  const column = (of: Int32Array) =>
    Int32Array.from({ length: batchSize }, (_, i) => of[filled(positions, i)] as number)
  const feeds = {
    ...tokenFeeds(encoded, positions, layout, padded, second),
    start_positions: column(encoded.answerFirst),
    end_positions: column(encoded.answerLast),
    weights: new Float32Array(batchSize).fill(1, 0, positions.length),
  }
  const { length, realTokens } = padded
  return { length, feeds, weight: positions.length, examples: positions.length, tokens: realTokens }
}

interface SpanLogits {
  /** Each [batch, length]. */
  readonly start: tf.Tensor
  readonly end: tf.Tensor
}

/** `below` null turns dropout off below the head. */
function spanLogits(
  { head, config }: TaskModel,
  params: Params,
  feeds: Tensors,
  below: Rng | null,
  rng: Rng | null,
): SpanLogits {
  const { hidden, logits } = head as TokenHead<unknown>
  const input = modelInput(feeds)
  const both = logits(config, params, hidden(config, params, input, below), rng)
  const [batch, length] = input.inputIds.shape as [number, number]
  const [start, end] = tf.unstack(tf.reshape(both, [batch, length, 2]), 2) as [tf.Tensor, tf.Tensor]
  // What a window is padded to is not to matter.
  const real = tf.cast(input.attentionMask, 'float32')
  const alone = (logits: tf.Tensor) => tf.add(tf.mul(logits, real), tf.mul(tf.sub(1, real), paddingLogit))
  return { start: alone(start), end: alone(end) }
}

/** Mean cross-entropy of first and last token, [batch]. */
function lossOf({ start, end }: SpanLogits, feeds: Tensors, smoothing: number): tf.Tensor {
  const first = smoothedCrossEntropy(start, feeds.start_positions as tf.Tensor, smoothing)
  const last = smoothedCrossEntropy(end, feeds.end_positions as tf.Tensor, smoothing)
  return tf.mul(tf.add(first, last), 0.5)
}

function score(
  encoded: QuestionRows,
  layout: BatchLayout,
  _config: unknown,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
): ScoredQuestions {
  const count = encoded.rows.length
  const [loss, windows] = [new Float64Array(count), new Float64Array(count)]
  const best = new Float64Array(count).fill(Number.NEGATIVE_INFINITY)
  const answers: string[] = new Array(count).fill('')
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const { length, feeds, ...rest } = batch(encoded, positions, layout)
    const output = evaluate({ length, feeds, ...rest })
    positions.forEach((position, i) => {
      const owner = encoded.owners[position] as number
      loss[owner] = (loss[owner] as number) + (output.loss?.[i] as number)
      windows[owner] = (windows[owner] as number) + 1
      const row = (logits: ArrayLike<number> | undefined) =>
        Array.from({ length }, (_, token) => logits?.[i * length + token] as number)
      const found = bestSpan(encoded, position, row(output.start), row(output.end))
      if (found === null || found.score <= (best[owner] as number)) return
      best[owner] = found.score
      answers[owner] = (encoded.texts[owner] ?? '').slice(found.from, found.to)
    })
    done += positions.length
    onRows(done, encoded.ids.length)
  }
  const mean = loss.map((sum, owner) => sum / Math.max(1, windows[owner] as number))
  return { rows: encoded.rows, loss: mean, answers, gold: encoded.answers }
}

/** The stretch of a window's text whose first and last token add up to the most; null where it has no text. */
function bestSpan(
  { firsts, starts, ends }: QuestionRows,
  position: number,
  startLogits: readonly number[],
  endLogits: readonly number[],
): { score: number; from: number; to: number } | null {
  const first = firsts[position] as number
  const from = starts[position] as Int32Array
  const to = ends[position] as Int32Array
  let best: { score: number; from: number; to: number } | null = null
  for (let i = 0; i < from.length; i++) {
    for (let k = i; k < Math.min(from.length, i + longestAnswer); k++) {
      const score = (startLogits[first + i] as number) + (endLogits[first + k] as number)
      if (best === null || score > best.score) best = { score, from: from[i] as number, to: to[k] as number }
    }
  }
  return best
}
