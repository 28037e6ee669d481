import type * as tf from '@tensorflow/tfjs-core'
import { bucketOf, filled, lengthOrder } from '../data/batches.ts'
import type { TensorSpec, Tensors, Values } from '../engine/engine.ts'
import type { Memory, SequenceToSequenceHead } from '../models/architecture.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { bleu } from './bleu.ts'
import { chrf, corpusChrf } from './chrf.ts'
import { characterDistance } from './edit-distance.ts'
import type { SourceTargetRows } from './source-target-rows.ts'
import {
  judgeTargets,
  overTokens,
  type ScoredTargets,
  scoreTargets,
  targetFeeds,
  targetLoss,
  writtenPredictions,
} from './target-learning.ts'
import { type Source, type WritingLayout, writeTargets, writingCache, writingPrograms } from './target-writing.ts'
import type { BatchConfig, BatchLayout, Evaluate, ScoreTools, Task, TaskBatch, TaskModel } from './task.ts'

/**
 * Text to text: a row is a text and what a model is to make of it. The encoder reads the one, the decoder learns each
 * token of the other from those before it, the end included. The loss is cross-entropy, averaged over target tokens.
 * Evaluations also write the outputs of some rows and compare them with their references.
 */

export const text2textGeneration: Task<SourceTargetRows, ScoredTargets> = {
  name: 'text2text-generation',
  headOf: ({ heads }) => heads.sequenceToSequence,
  modelFields: () => ({}),
  batchSpecs,
  batch,
  trainingLoss(model, params, feeds, rng, total, { label_smoothing_factor: smoothing }) {
    return targetLoss(model, params, feeds, read(model, params, feeds, rng), rng, total, smoothing)
  },
  evaluation: (model, params, feeds) => judgeTargets(model, params, feeds, read(model, params, feeds, null)),
  own: (model, config, lengths) =>
    writingPrograms(model, writingLayout(config, lengths), sourcesOf(model, config, lengths)),
  score,
  metrics,
  predictions: (scored) => writtenPredictions(scored, chrf),
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

/** What the encoder makes of the sources. */
function read({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null): Memory {
  return (head as SequenceToSequenceHead<unknown>).encode(config, params, sourceOf(feeds), rng)
}

function sourceOf(feeds: Tensors): { inputIds: tf.Tensor; attentionMask: tf.Tensor } {
  return { inputIds: feeds.input_ids as tf.Tensor, attentionMask: feeds.attention_mask as tf.Tensor }
}

function batch(
  encoded: SourceTargetRows,
  positions: Int32Array,
  { buckets, batchSize, padId }: BatchLayout,
  config: BatchConfig,
): TaskBatch {
  const { lengths, sources } = encoded
  const longest = positions.reduce((most, position) => Math.max(most, lengths[position] as number), 1)
  const length = bucketOf(longest, buckets)
  const { source: columns, target } = sidesOf(length, config)
  const inputIds = new Int32Array(batchSize * columns).fill(padId)
  const attentionMask = new Int32Array(batchSize * columns)
  let read = 0
  for (let i = 0; i < batchSize; i++) {
    const ids = sources[filled(positions, i)] as Int32Array
    inputIds.set(ids, i * columns)
    attentionMask.fill(1, i * columns, i * columns + ids.length)
    if (i < positions.length) read += ids.length
  }
  const { feeds, weight } = targetFeeds(encoded, positions, { batchSize, padId }, target)
  const all = { input_ids: inputIds, attention_mask: attentionMask, ...feeds }
  return { length, feeds: all, weight, examples: positions.length, tokens: read + weight }
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
): ScoredTargets {
  const scoring = {
    ...{ layout, most: config.generation_max_samples, evaluate },
    batch: (positions: Int32Array) => batch(encoded, positions, layout, config),
    columns: ({ length }: TaskBatch) => sidesOf(length, config).target,
    write: (chosen: Int32Array, advance: (rows: number) => void) =>
      writeRows(encoded, chosen, layout, config, tools, advance).map((ids) => tools.tokenizer.decode(ids).trim()),
  }
  return scoreTargets(encoded, scoring, onRows)
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
function metrics({ loss, right, tokens, answers, references }: ScoredTargets): Record<string, number> {
  const share = (of: (answer: string, reference: string) => number) =>
    answers.reduce((sum, answer, i) => sum + of(answer, references[i] as string), 0) / answers.length
  return {
    'eval/loss': overTokens(loss, tokens),
    'eval/perplexity': Math.exp(overTokens(loss, tokens)),
    'eval/token_accuracy': overTokens(right, tokens),
    'eval/bleu': bleu(answers, references),
    'eval/chrf': corpusChrf(answers, references),
    'eval/exact_match': share((answer, reference) => (answer === reference.trim() ? 1 : 0)),
    'eval/edit_distance': share((answer, reference) => characterDistance(answer, reference.trim())),
  }
}
