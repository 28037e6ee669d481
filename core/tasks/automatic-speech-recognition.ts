import * as tf from '@tensorflow/tfjs-core'
import { bucketOf, filled, lengthOrder } from '../data/batches.ts'
import type { TensorSpec, Tensors, Values } from '../engine/engine.ts'
import type { SpeechToTextHead } from '../models/architecture.ts'
import { headCrossEntropy, headSmoothing, judgeHead } from '../nn/head-loss.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { featuresOf } from './clips.ts'
import { characterErrorRate, wordErrorRate } from './edit-distance.ts'
import { type Source, type WritingLayout, writeTargets, writingCache, writingPrograms } from './target-writing.ts'
import type { BatchConfig, BatchLayout, Draw, Evaluate, ScoreTools, Task, TaskBatch, TaskModel } from './task.ts'
import type { TranscribedClips } from './transcribed-clips.ts'

/**
 * Speech recognition: a row is a clip and what is said in it. The encoder hears its log-mel picture, the decoder learns
 * each token of the transcript from those before it, the end included. The loss is cross-entropy, averaged over these
 * tokens. Evaluations also write some transcripts and count the edits that make the references of them.
 */

/**
 * What the model said: of every row mean loss (nats) and share right over its tokens, and their number; of those that
 * were written, `written` (ascending rows), what was written and what was said.
 */
type ScoredClips = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  readonly right: Float64Array
  readonly tokens: Float64Array
  readonly written: Int32Array
  readonly answers: readonly string[]
  readonly references: readonly string[]
}

export const automaticSpeechRecognition: Task<TranscribedClips, ScoredClips> = {
  name: 'automatic-speech-recognition',
  headOf: ({ heads }) => heads.speechToText,
  modelFields: () => ({}),
  batchSpecs: (batchSize, length, _config, model) => ({
    ...soundSpecs(batchSize, model),
    decoder_input_ids: { shape: [batchSize, length], dtype: 'int32' },
    labels: { shape: [batchSize, length], dtype: 'int32' },
    weights: { shape: [batchSize, length], dtype: 'float32' },
  }),
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
    writingPrograms(model, writingLayout(config, lengths), [soundOf(model, writingLayout(config, lengths))]),
  score,
  metrics,
  predictions,
}

function soundSpecs(batchSize: number, { head, config }: TaskModel): Record<string, TensorSpec> {
  const { mels, frames } = (head as SpeechToTextHead<unknown>).hears(config)
  return { input_features: { shape: [batchSize, mels, frames], dtype: 'float32' } }
}

/** Hidden states [batch·length, width] of the transcripts' tokens, and what reads the next ones out of them. */
function decoded({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null) {
  const { encode, decode, matrix, logitsBias } = head as SpeechToTextHead<unknown>
  const memory = encode(config, params, { features: feeds.input_features as tf.Tensor }, rng)
  return {
    hidden: decode(config, params, feeds.decoder_input_ids as tf.Tensor, memory, rng),
    matrix: matrix(config, params),
    bias: logitsBias(config, params),
  }
}

function flat(tensor: tf.Tensor | undefined): tf.Tensor {
  return tf.reshape(tensor as tf.Tensor, [-1])
}

function batch(
  { rows, lengths, clips, targets, rules }: TranscribedClips,
  positions: Int32Array,
  { buckets, batchSize, padId }: BatchLayout,
  config: BatchConfig,
  draw: Draw | null,
): TaskBatch {
  const longest = positions.reduce((most, position) => Math.max(most, lengths[position] as number), 1)
  const length = bucketOf(longest, buckets)
  const decoderInputIds = new Int32Array(batchSize * length).fill(padId)
  const labels = new Int32Array(batchSize * length)
  const weights = new Float32Array(batchSize * length)
  let weight = 0
  for (let i = 0; i < batchSize; i++) {
    const wanted = targets[filled(positions, i)] as Int32Array
    decoderInputIds[i * length] = rules.startId
    decoderInputIds.set(wanted.subarray(0, -1), i * length + 1)
    labels.set(wanted, i * length)
    if (i >= positions.length) continue
    weights.fill(1, i * length, i * length + wanted.length)
    weight += wanted.length
  }
  const feeds = {
    input_features: featuresOf(clips, rows, positions, batchSize, config, draw),
    decoder_input_ids: decoderInputIds,
    labels,
    weights,
  }
  return { length, feeds, weight, examples: positions.length, tokens: weight }
}

/** Transcripts have room for as many tokens as the longest reference, rounded up as evaluations are. */
function writingLayout(config: BatchConfig, lengths: readonly number[]): WritingLayout {
  const { generation_num_beams: beams, per_device_eval_batch_size: rows } = config
  return { examples: Math.max(1, Math.floor(rows / beams)), beams, maxTokens: Math.max(...lengths) }
}

/** All clips are of one length: one program hears them. */
const heard = 1

function soundOf(model: TaskModel, { examples }: WritingLayout): Source {
  const { encode, hears } = model.head as SpeechToTextHead<unknown>
  return {
    length: heard,
    feeds: soundSpecs(examples, model),
    // The second convolution halves the frames.
    positions: hears(model.config).frames / 2,
    read: (params, feeds) => encode(model.config, params, { features: feeds.input_features as tf.Tensor }, null),
  }
}

function score(
  encoded: TranscribedClips,
  layout: BatchLayout,
  config: BatchConfig,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
  tools: ScoreTools,
): ScoredClips {
  const count = encoded.rows.length
  const loss = new Float64Array(count)
  const right = new Float64Array(count)
  const most = Math.min(count, config.generation_max_samples)
  const chosen = Int32Array.from({ length: most }, (_, i) => Math.floor((i * count) / most))
  let done = 0
  const advance = (more: number) => {
    done += more
    onRows(done, count + most)
  }
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const built = batch(encoded, positions, layout, config, null)
    const output = evaluate(built)
    const mean = (values: Values | undefined, row: number, length: number) => {
      const at = row * built.length
      return (values as Float32Array).subarray(at, at + length).reduce((sum, value) => sum + value, 0) / length
    }
    positions.forEach((position, i) => {
      const length = encoded.lengths[position] as number
      loss[position] = mean(output.loss, i, length)
      right[position] = mean(output.right, i, length)
    })
    advance(positions.length)
  }
  return {
    rows: encoded.rows,
    loss,
    right,
    tokens: Float64Array.from(encoded.lengths),
    written: chosen.map((position) => encoded.rows[position] as number),
    answers: write(encoded, chosen, layout, config, tools, advance),
    references: Array.from(chosen, (position) => encoded.references[position] as string),
  }
}

/** What the model hears at these positions, in their order. */
function write(
  encoded: TranscribedClips,
  chosen: Int32Array,
  { buckets }: BatchLayout,
  config: BatchConfig,
  { own, tokenizer, model }: ScoreTools,
  advance: (rows: number) => void,
): string[] {
  const writing = writingLayout(config, buckets)
  const state = { own, cache: writingCache(model, writing), length: heard, rules: encoded.rules, ...writing }
  const answers: string[] = []
  for (let from = 0; from < chosen.length; from += writing.examples) {
    const positions = chosen.slice(from, from + writing.examples)
    const features = featuresOf(encoded.clips, encoded.rows, positions, writing.examples, config, null)
    const written = writeTargets(state, { input_features: features }, positions.length)
    for (const ids of written) answers.push(tokenizer.decode(ids).trim())
    advance(positions.length)
  }
  return answers
}

/** Means over all tokens of transcripts; of what was written, edits of words and of characters over the references'. */
function metrics({ loss, right, tokens, answers, references }: ScoredClips): Record<string, number> {
  const all = tokens.reduce((sum, count) => sum + count, 0)
  const mean = (values: Float64Array) => values.reduce((sum, value, i) => sum + value * (tokens[i] as number), 0) / all
  const said = references.map((reference) => reference.trim())
  return {
    'eval/loss': mean(loss),
    'eval/token_accuracy': mean(right),
    'eval/wer': wordErrorRate(answers, said),
    'eval/cer': characterErrorRate(answers, said),
  }
}

/** Of the rows whose transcripts were written: what was written, judged by its character error rate. */
function predictions({ rows, loss, written, answers, references }: ScoredClips) {
  const placeOf = new Map(Array.from(rows, (row, place) => [row, place]))
  return {
    rows: Array.from(written),
    loss: Array.from(written, (row) => loss[placeOf.get(row) as number] as number),
    values: answers.map((answer, i) => characterErrorRate([answer], [(references[i] as string).trim()])),
    answers,
    predicted: [],
    gold: [],
    scores: [],
  }
}
