import * as tf from '@tensorflow/tfjs-core'
import { bucketOf, filled, lengthOrder } from '../data/batches.ts'
import type { TensorSpec, Tensors, Values } from '../engine/engine.ts'
import type { SequenceToSequenceHead } from '../models/architecture.ts'
import { headCrossEntropy, headSmoothing, judgeHead } from '../nn/head-loss.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { bleu } from './bleu.ts'
import { chrf, corpusChrf } from './chrf.ts'
import { characterDistance } from './edit-distance.ts'
import type { SourceTargetRows } from './source-target-rows.ts'
import { type Source, type WritingLayout, writeTargets, writingCache, writingPrograms } from './target-writing.ts'
import type { BatchConfig, BatchLayout, Evaluate, ScoreTools, Task, TaskBatch, TaskModel } from './task.ts'

/**
 * Text to text: a row is a text and what a model is to make of it. The encoder reads the one, the decoder learns each
 * token of the other from those before it, the end included. The loss is cross-entropy, averaged over target tokens.
 * Evaluations also write the outputs of some rows and compare them with their references.
 */

/**
 * What the model said: of every row mean loss (nats) and share right over its target tokens, and their number; of those
 * whose outputs were written, `written` (ascending rows), what was written and what stands in the dataset.
 */
type ScoredPairs = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  readonly right: Float64Array
  readonly tokens: Float64Array
  readonly written: Int32Array
  readonly answers: readonly string[]
  readonly references: readonly string[]
}

export const text2textGeneration: Task<SourceTargetRows, ScoredPairs> = {
  name: 'text2text-generation',
  headOf: ({ heads }) => heads.sequenceToSequence,
  modelFields: () => ({}),
  batchSpecs,
  batch,
  trainingLoss(model, params, feeds, rng, total, { label_smoothing_factor: smoothing }) {
    const { hidden, matrix, bias } = decoded(model, params, feeds, rng)
    const labels = flat(feeds.labels)
    const weights = tf.div(flat(feeds.weights), total)
    const loss = headCrossEntropy(hidden, matrix, labels, weights, undefined, bias)
    return smoothing === 0 ? loss : tf.add(loss, headSmoothing(hidden, matrix, labels, weights, smoothing, bias))
  },
  evaluation(model, params, feeds) {
    const { hidden, matrix, bias } = decoded(model, params, feeds, null)
    return judgeHead(hidden, matrix, flat(feeds.labels), undefined, bias)
  },
  own: (model, config, lengths) =>
    writingPrograms(model, writingLayout(config, lengths), sourcesOf(model, config, lengths)),
  score,
  metrics,
  predictions,
}

/** Padded lengths of source and target where the longer of the two is padded to `length`. */
function sidesOf(
  length: number,
  { max_length, max_target_length = max_length }: Pick<BatchConfig, 'max_length' | 'max_target_length'>,
): { source: number; target: number } {
  return { source: Math.min(length, max_length), target: Math.min(length, max_target_length) }
}

function batchSpecs(batchSize: number, length: number, config: BatchConfig): Record<string, TensorSpec> {
  const { source, target } = sidesOf(length, config)
  const ids = (columns: number): TensorSpec => ({ shape: [batchSize, columns], dtype: 'int32' })
  return {
    input_ids: ids(source),
    attention_mask: ids(source),
    decoder_input_ids: ids(target),
    labels: ids(target),
    weights: { shape: [batchSize, target], dtype: 'float32' },
  }
}

/** Hidden states [batch·target, width] of the target tokens, and what reads the next ones out of them. */
function decoded(
  { head, config }: TaskModel,
  params: Params,
  feeds: Tensors,
  rng: Rng | null,
): { hidden: tf.Tensor; matrix: tf.Tensor; bias: tf.Tensor | null } {
  const { encode, decode, matrix, logitsBias } = head as SequenceToSequenceHead<unknown>
  const memory = encode(config, params, sourceOf(feeds), rng)
  return {
    hidden: decode(config, params, feeds.decoder_input_ids as tf.Tensor, memory, rng),
    matrix: matrix(config, params),
    bias: logitsBias(config, params),
  }
}

function flat(tensor: tf.Tensor | undefined): tf.Tensor {
  return tf.reshape(tensor as tf.Tensor, [-1])
}

function sourceOf(feeds: Tensors): { inputIds: tf.Tensor; attentionMask: tf.Tensor } {
  return { inputIds: feeds.input_ids as tf.Tensor, attentionMask: feeds.attention_mask as tf.Tensor }
}

function batch(
  { lengths, sources, targets, rules }: SourceTargetRows,
  positions: Int32Array,
  { buckets, batchSize, padId }: BatchLayout,
  config: BatchConfig,
): TaskBatch {
  const longest = positions.reduce((most, position) => Math.max(most, lengths[position] as number), 1)
  const length = bucketOf(longest, buckets)
  const { source: columns, target } = sidesOf(length, config)
  const inputIds = new Int32Array(batchSize * columns).fill(padId)
  const attentionMask = new Int32Array(batchSize * columns)
  const decoderInputIds = new Int32Array(batchSize * target).fill(padId)
  const labels = new Int32Array(batchSize * target)
  const weights = new Float32Array(batchSize * target)
  let weight = 0
  let tokens = 0
  for (let i = 0; i < batchSize; i++) {
    const ids = sources[filled(positions, i)] as Int32Array
    const wanted = targets[filled(positions, i)] as Int32Array
    inputIds.set(ids, i * columns)
    attentionMask.fill(1, i * columns, i * columns + ids.length)
    decoderInputIds[i * target] = rules.startId
    decoderInputIds.set(wanted.subarray(0, -1), i * target + 1)
    labels.set(wanted, i * target)
    if (i >= positions.length) continue
    weights.fill(1, i * target, i * target + wanted.length)
    weight += wanted.length
    tokens += ids.length + wanted.length
  }
  const feeds = {
    input_ids: inputIds,
    attention_mask: attentionMask,
    decoder_input_ids: decoderInputIds,
    labels,
    weights,
  }
  return { length, feeds, weight, examples: positions.length, tokens }
}

/** Outputs have room for as many tokens as the longest reference, rounded up as evaluations are. */
function writingLayout(config: BatchConfig, lengths: readonly number[]): WritingLayout {
  const { generation_num_beams: beams, per_device_eval_batch_size: rows } = config
  const examples = Math.max(1, Math.floor(rows / beams))
  return { examples, beams, maxTokens: sidesOf(Math.max(...lengths), config).target }
}

function sourcesOf({ head, config: own }: TaskModel, config: BatchConfig, lengths: readonly number[]): Source[] {
  const { encode } = head as SequenceToSequenceHead<unknown>
  const { examples } = writingLayout(config, lengths)
  return lengths.map((length) => {
    const { input_ids, attention_mask } = batchSpecs(examples, length, config)
    const feeds = { input_ids, attention_mask } as Record<string, TensorSpec>
    const { source: positions } = sidesOf(length, config)
    return { length, positions, feeds, read: (params, fed) => encode(own, params, sourceOf(fed), null) }
  })
}

function score(
  encoded: SourceTargetRows,
  layout: BatchLayout,
  config: BatchConfig,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
  tools: ScoreTools,
): ScoredPairs {
  const count = encoded.rows.length
  const loss = new Float64Array(count)
  const right = new Float64Array(count)
  const tokens = Float64Array.from(encoded.targets, ({ length }) => length)
  const chosen = evenly(count, config.generation_max_samples)
  let done = 0
  const advance = (more: number) => {
    done += more
    onRows(done, count + chosen.length)
  }
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const built = batch(encoded, positions, layout, config)
    const output = evaluate(built)
    const { target } = sidesOf(built.length, config)
    const mean = (values: Values | undefined, i: number, length: number) =>
      (values as Float32Array).subarray(i * target, i * target + length).reduce((sum, value) => sum + value, 0) / length
    positions.forEach((position, i) => {
      const { length } = encoded.targets[position] as Int32Array
      loss[position] = mean(output.loss, i, length)
      right[position] = mean(output.right, i, length)
    })
    advance(positions.length)
  }
  const answers = writeRows(encoded, chosen, layout, config, tools, advance).map((ids) =>
    tools.tokenizer.decode(ids).trim(),
  )
  return {
    rows: encoded.rows,
    loss,
    right,
    tokens,
    written: chosen.map((position) => encoded.rows[position] as number),
    answers,
    references: Array.from(chosen, (position) => encoded.references[position] as string),
  }
}

/** At most so many positions out of `count`, evenly spread. */
function evenly(count: number, most: number): Int32Array {
  const chosen = Math.min(count, most)
  return Int32Array.from({ length: chosen }, (_, i) => Math.floor((i * count) / chosen))
}

/** The tokens that the model makes of the sources at these positions, in their order; `advance` may throw to stop. */
export function writeRows(
  encoded: SourceTargetRows,
  chosen: Int32Array,
  layout: BatchLayout,
  config: BatchConfig,
  { own, model }: Pick<ScoreTools, 'own' | 'model'>,
  advance: (rows: number) => void,
): number[][] {
  const writing = writingLayout(config, layout.buckets)
  const cache = writingCache(model, writing)
  const all: number[][] = []
  const lengths = chosen.map((position) => encoded.lengths[position] as number)
  for (const places of lengthOrder({ lengths }, writing.examples)) {
    const positions = places.map((place) => chosen[place] as number)
    const { length, feeds } = batch(encoded, positions, { ...layout, batchSize: writing.examples }, config)
    const { input_ids, attention_mask } = feeds as Record<string, Values>
    const source = { input_ids, attention_mask } as Record<string, Values>
    const state = { own, cache, length, rules: encoded.rules, ...writing }
    const written = writeTargets(state, source, positions.length)
    places.forEach((place, i) => {
      all[place] = written[i] as number[]
    })
    advance(positions.length)
  }
  return all
}

/**
 * Means over all target tokens, and of what was written BLEU, chrF, the share that is the reference itself, and the mean
 * share of characters to be edited.
 */
function metrics({ loss, right, tokens, answers, references }: ScoredPairs): Record<string, number> {
  const all = tokens.reduce((sum, count) => sum + count, 0)
  const mean = (values: Float64Array) => values.reduce((sum, value, i) => sum + value * (tokens[i] as number), 0) / all
  const share = (of: (answer: string, reference: string) => number) =>
    answers.reduce((sum, answer, i) => sum + of(answer, references[i] as string), 0) / answers.length
  return {
    'eval/loss': mean(loss),
    'eval/perplexity': Math.exp(mean(loss)),
    'eval/token_accuracy': mean(right),
    'eval/bleu': bleu(answers, references),
    'eval/chrf': corpusChrf(answers, references),
    'eval/exact_match': share((answer, reference) => (answer === reference.trim() ? 1 : 0)),
    'eval/edit_distance': share((answer, reference) => characterDistance(answer, reference.trim())),
  }
}

/** Of the rows whose outputs were written: what was written, judged by chrF. */
function predictions({ rows, loss, written, answers, references }: ScoredPairs) {
  const placeOf = new Map(Array.from(rows, (row, place) => [row, place]))
  return {
    rows: Array.from(written),
    loss: Array.from(written, (row) => loss[placeOf.get(row) as number] as number),
    values: answers.map((answer, i) => chrf(answer, references[i] as string)),
    answers,
    predicted: [],
    gold: [],
    scores: [],
  }
}
