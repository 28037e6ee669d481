import * as tf from '@tensorflow/tfjs-core'
import { modelFields } from '../contract/ecosystem.ts'
import { filled, lengthOrder, padTokens } from '../data/batches.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { TokenHead } from '../models/architecture.ts'
import { crossEntropy, smoothedCrossEntropy, weightedMean } from '../nn/losses.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { flat } from './feeds.ts'
import { entityScores } from './metrics/entities.ts'
import type { TaggedRows } from './tagged-rows.ts'
import type { BatchLayout, Evaluate, Task, TaskBatch, TaskModel } from './task.ts'
import { modelInput, tokenFeeds, tokenSpecs } from './token-feeds.ts'

/**
 * Token classification: a row is a list of words with a tag each; the first token of a word gives its tag. The loss is
 * softmax cross-entropy, averaged over the words of a batch. Words beyond max_length have no say.
 */

/** Over a row's words: mean loss (nats), share of tags right, their number; the tags as JSON lists. */
type ScoredTags = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  readonly right: Float64Array
  readonly words: Float64Array
  readonly answers: readonly string[]
  readonly gold: readonly string[]
}

export const tokenClassification: Task<TaggedRows, ScoredTags> = {
  name: 'token-classification',
  headOf: ({ heads }) => heads.tokenClassifier,
  modelFields: (labels) => modelFields('token-classification', labels),
  batchSpecs(batchSize, length): Record<string, TensorSpec> {
    const tokens = tokenSpecs(batchSize, length)
    return {
      ...tokens,
      labels: { shape: [batchSize, length], dtype: 'int32' },
      weights: { shape: [batchSize, length], dtype: 'float32' },
    }
  },
  batch,
  trainingLoss(model, params, feeds, rng, total, { method, label_smoothing_factor: smoothing }) {
    const logits = tagLogits(model, params, feeds, method === 'head' ? null : rng, rng)
    return weightedMean(smoothedCrossEntropy(logits, flat(feeds.labels), smoothing), flat(feeds.weights), total)
  },
  evaluation(model, params, feeds) {
    const logits = tagLogits(model, params, feeds, null, null)
    const weights = flat(feeds.weights)
    const loss = tf.mul(crossEntropy(logits, flat(feeds.labels)), weights)
    return { loss, predicted: tf.mul(tf.argMax(logits, -1), tf.cast(weights, 'int32')) }
  },
  score,
  metrics({ loss, right, words, answers, gold }) {
    const all = words.reduce((sum, count) => sum + count, 0)
    const mean = (column: Float64Array) => column.reduce((sum, value, i) => sum + value * (words[i] as number), 0) / all
    const read = (lists: readonly string[]) => lists.map((list) => JSON.parse(list) as string[])
    const { f1, precision, recall } = entityScores(read(gold), read(answers))
    return {
      'eval/loss': mean(loss),
      'eval/token_accuracy': mean(right),
      'eval/entity_f1': f1,
      'eval/precision': precision,
      'eval/recall': recall,
    }
  },
  predictions: ({ rows, loss, right, answers }) => ({
    rows: Array.from(rows),
    loss: Array.from(loss),
    predicted: [],
    gold: [],
    scores: [],
    values: Array.from(right),
    answers,
  }),
}

function batch(encoded: TaggedRows, positions: Int32Array, layout: BatchLayout): TaskBatch {
  const { batchSize } = layout
  const padded = padTokens(encoded, positions, layout)
  const { length, realTokens } = padded
  const labels = new Int32Array(batchSize * length)
  const weights = new Float32Array(batchSize * length)
  let weight = 0
  for (let i = 0; i < batchSize; i++) {
    const position = filled(positions, i)
    encoded.firsts[position]?.forEach((place, word) => {
      labels[i * length + place] = encoded.tags[position]?.[word] as number
      if (i < positions.length) weights[i * length + place] = 1
    })
    if (i < positions.length) weight += encoded.firsts[position]?.length ?? 0
  }
  const feeds = { ...tokenFeeds(encoded, positions, layout, padded), labels, weights }
  return { length, feeds, weight, examples: positions.length, tokens: realTokens }
}

/** [batch·length, tags]; `below` null turns dropout off below the head. */
function tagLogits(
  { head, config }: TaskModel,
  params: Params,
  feeds: Tensors,
  below: Rng | null,
  rng: Rng | null,
): tf.Tensor {
  const { hidden, logits } = head as TokenHead<unknown>
  return logits(config, params, hidden(config, params, modelInput(feeds), below), rng)
}

function score(
  encoded: TaggedRows,
  layout: BatchLayout,
  _config: unknown,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
): ScoredTags {
  const count = encoded.rows.length
  const [loss, right, words] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)]
  const answers: string[] = new Array(count).fill('[]')
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const built = batch(encoded, positions, layout)
    const output = evaluate(built)
    positions.forEach((position, i) => {
      const firsts = encoded.firsts[position] as Int32Array
      const tags = encoded.tags[position] as Int32Array
      const said = Array.from(firsts, (place) => output.predicted?.[i * built.length + place] as number)
      const losses = Array.from(firsts, (place) => output.loss?.[i * built.length + place] as number)
      // A text of which no word is left has nothing wrong.
      loss[position] = losses.length === 0 ? 0 : losses.reduce((a, b) => a + b, 0) / losses.length
      right[position] = said.length === 0 ? 1 : said.filter((tag, word) => tag === tags[word]).length / said.length
      words[position] = said.length
      answers[position] = namesOf(encoded, said)
    })
    done += positions.length
    onRows(done, count)
  }
  const gold = encoded.tags.map((tags) => namesOf(encoded, Array.from(tags)))
  return { rows: encoded.rows, loss, right, words, answers, gold }
}

function namesOf({ names }: TaggedRows, tags: readonly number[]): string {
  return JSON.stringify(tags.map((tag) => names[tag] ?? ''))
}
