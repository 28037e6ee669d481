import type * as tf from '@tensorflow/tfjs-core'
import { bucketOf } from '../data/batches.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { Memory, SpeechToTextHead } from '../models/architecture.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { featuresOf } from './clips.ts'
import { characterErrorRate, wordErrorRate } from './edit-distance.ts'
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
import type { BatchConfig, BatchLayout, Draw, Evaluate, ScoreTools, Task, TaskBatch, TaskModel } from './task.ts'
import type { TranscribedClips } from './transcribed-clips.ts'

/**
 * Speech recognition: a row is a clip and what is said in it. The encoder hears its log-mel picture, the decoder learns
 * each token of the transcript from those before it, the end included. The loss is cross-entropy, averaged over these
 * tokens. Evaluations also write some transcripts and count the edits that make the references of them.
 */

export const automaticSpeechRecognition: Task<TranscribedClips, ScoredTargets> = {
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
    return targetLoss(model, params, feeds, hear(model, params, feeds, rng), rng, total, smoothing)
  },
  evaluation: (model, params, feeds) => judgeTargets(model, params, feeds, hear(model, params, feeds, null)),
  own: (model, config, lengths) =>
    writingPrograms(model, writingLayout(config, lengths), [soundOf(model, writingLayout(config, lengths))]),
  score,
  metrics,
  predictions: (scored) =>
    writtenPredictions(scored, (answer, reference) => characterErrorRate([answer], [reference.trim()])),
}

function soundSpecs(batchSize: number, { head, config }: TaskModel): Record<string, TensorSpec> {
  const { mels, frames } = (head as SpeechToTextHead<unknown>).hears(config)
  return { input_features: { shape: [batchSize, mels, frames], dtype: 'float32' } }
}

/** What the encoder makes of the clips. */
function hear({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null): Memory {
  const { encode } = head as SpeechToTextHead<unknown>
  return encode(config, params, { features: feeds.input_features as tf.Tensor }, rng)
}

function batch(
  encoded: TranscribedClips,
  positions: Int32Array,
  { buckets, batchSize, padId }: BatchLayout,
  config: BatchConfig,
  draw: Draw | null,
): TaskBatch {
  const { rows, lengths, clips } = encoded
  const longest = positions.reduce((most, position) => Math.max(most, lengths[position] as number), 1)
  const length = bucketOf(longest, buckets)
  const { feeds, weight } = targetFeeds(encoded, positions, { batchSize, padId }, length)
  const all = { input_features: featuresOf(clips, rows, positions, batchSize, config, draw), ...feeds }
  return { length, feeds: all, weight, examples: positions.length, tokens: weight }
}

/** Transcripts have room for as many tokens as the longest reference, rounded up as evaluations are. */
function writingLayout(config: BatchConfig, lengths: readonly number[]): WritingLayout {
  const { generation_num_beams: beams, per_device_eval_batch_size: rows } = config
  return { examples: Math.max(1, Math.floor(rows / beams)), beams, maxTokens: Math.max(...lengths) }
}

/** All clips are of one length: one program hears them. */
export const heard = 1

function soundOf(model: TaskModel, { examples }: WritingLayout): Source {
  const { hears } = model.head as SpeechToTextHead<unknown>
  return {
    length: heard,
    feeds: soundSpecs(examples, model),
    // The second convolution halves the frames.
    positions: hears(model.config).frames / 2,
    read: (params, feeds) => hear(model, params, feeds, null),
  }
}

function score(
  encoded: TranscribedClips,
  layout: BatchLayout,
  config: BatchConfig,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
  tools: ScoreTools,
): ScoredTargets {
  const scoring = {
    ...{ layout, most: config.generation_max_samples, evaluate },
    batch: (positions: Int32Array) => batch(encoded, positions, layout, config, null),
    columns: ({ length }: TaskBatch) => length,
    write: (chosen: Int32Array, advance: (rows: number) => void) =>
      write(encoded, chosen, layout, config, tools, advance),
  }
  return scoreTargets(encoded, scoring, onRows)
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
function metrics({ loss, right, tokens, answers, references }: ScoredTargets): Record<string, number> {
  const said = references.map((reference) => reference.trim())
  return {
    'eval/loss': overTokens(loss, tokens),
    'eval/token_accuracy': overTokens(right, tokens),
    'eval/wer': wordErrorRate(answers, said),
    'eval/cer': characterErrorRate(answers, said),
  }
}
