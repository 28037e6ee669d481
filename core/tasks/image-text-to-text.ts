import * as tf from '@tensorflow/tfjs-core'
import { filled, lengthOrder, padTokens } from '../data/batches.ts'
import type { Sight } from '../data/media/preprocessor.ts'
import type { TensorSpec, Tensors, Values } from '../engine/engine.ts'
import { pictureSize, stateSize as tableStates } from '../environments/table.ts'
import type { SceneBatch, SceneHead } from '../models/architecture.ts'
import { headCrossEntropy, headSmoothing, judgeHead } from '../nn/head-loss.ts'
import { timesRows } from '../nn/linear.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { type ArmOutcome, letArmWork } from './arm.ts'
import { flat } from './feeds.ts'
import type { SceneRows } from './scene-rows.ts'
import { overTokens } from './target-learning.ts'
import type { BatchConfig, BatchLayout, Evaluate, ScoreTools, Task, TaskBatch, TaskModel } from './task.ts'

/**
 * Image, state and text: a row is a picture, a question, an answer, and possibly a state in numbers; the model learns to
 * write the answer. The loss is cross-entropy over the answer's tokens, its end among them. An evaluation lets the model
 * write each answer, greedily; where a row says what scene it shows and gives an order to the arm, it also carries the
 * order out, step by step, from pictures of what its own steps have led to.
 */

/** What the model said of a row: loss and share right over the answer's tokens, and what it wrote of its own accord. */
type ScoredScenes = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  readonly right: Float64Array
  readonly tokens: Float64Array
  /** 1 where what it wrote is the answer. */
  readonly exact: Float64Array
  readonly written: readonly string[]
  /** Where an order was to be carried out: 1 where it was, 0 where not; −1 where there was none. */
  readonly success: Float64Array
  /** See contract/episodes.ts; empty where there was no order. */
  readonly episodes: readonly string[]
}

export const imageTextToText: Task<SceneRows, ScoredScenes> = {
  name: 'image-text-to-text',
  headOf: ({ heads }) => heads.sceneReader,
  modelFields: () => ({}),
  batchSpecs: (batchSize, length, _config, model) => ({
    ...sceneSpecs(batchSize, length, model),
    labels: { shape: [batchSize, length], dtype: 'int32' },
    weights: { shape: [batchSize, length], dtype: 'float32' },
  }),
  batch,
  trainingLoss(model, params, feeds, rng, total, { label_smoothing_factor: smoothing }) {
    const { hidden, matrix } = headOf(model, params, feeds, rng)
    const labels = flat(feeds.labels)
    const weights = tf.div(flat(feeds.weights), total)
    const loss = headCrossEntropy(hidden, matrix, labels, weights)
    return smoothing === 0 ? loss : tf.add(loss, headSmoothing(hidden, matrix, labels, weights, smoothing))
  },
  evaluation(model, params, feeds) {
    const { hidden, matrix } = headOf(model, params, feeds, null)
    return judgeHead(hidden, matrix, flat(feeds.labels))
  },
  own: (model, config, lengths) => ({
    variables: {},
    inPlace: [],
    programs: { [writing]: nextWords(model, config.per_device_eval_batch_size, lengths.at(-1) as number) },
  }),
  score,
  metrics,
  predictions: ({ rows, loss, exact, written, episodes }) => ({
    rows: Array.from(rows),
    loss: Array.from(loss),
    predicted: [],
    gold: [],
    scores: [],
    values: Array.from(exact),
    answers: written.map((text, i) => answerOf(text, episodes[i] as string)),
  }),
}

/** What was written; with what the arm did, where it did something, as JSON: see contract/episodes.ts. */
function answerOf(text: string, episode: string): string {
  return episode === '' ? text : JSON.stringify({ text, episode: JSON.parse(episode) })
}

/** The program that reads the next word of each row. */
const writing = 'next'

function sceneSpecs(batchSize: number, length: number, { head, config }: TaskModel): Record<string, TensorSpec> {
  const { channels, imageSize, states } = (head as SceneHead<unknown>).sizes(config)
  return {
    pixel_values: { shape: [batchSize, channels, imageSize, imageSize], dtype: 'float32' },
    ...(states > 0 && { state: { shape: [batchSize, states], dtype: 'float32' } }),
    input_ids: { shape: [batchSize, length], dtype: 'int32' },
  }
}

/** Hidden states [batch·length, width] and the matrix that reads tokens out of them. */
function headOf({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null) {
  const { hidden, matrix } = head as SceneHead<unknown>
  const scene: SceneBatch = {
    pixels: feeds.pixel_values as tf.Tensor,
    state: feeds.state ?? null,
    inputIds: feeds.input_ids as tf.Tensor,
  }
  return { hidden: hidden(config, params, scene, rng), matrix: matrix(config, params) }
}

/** `ends` int32 [batch]: where each row ends, counted over the whole batch → the likeliest next token of each, int32 [batch]. */
function nextWords(model: TaskModel, batchSize: number, length: number) {
  const ends: TensorSpec = { shape: [batchSize], dtype: 'int32' }
  return {
    feeds: { ...sceneSpecs(batchSize, length, model), ends },
    run(params: Params, feeds: Tensors) {
      const { hidden, matrix } = headOf(model, params, feeds, null)
      const logits = timesRows(tf.gather(hidden, feeds.ends as tf.Tensor), matrix)
      return { fetches: { ids: tf.cast(tf.argMax(logits, -1), 'int32') } }
    },
  }
}

function batch(encoded: SceneRows, positions: Int32Array, layout: BatchLayout): TaskBatch {
  const { batchSize } = layout
  const { ids, prompts, stateSize } = encoded
  const { length, inputIds, realTokens } = padTokens(encoded, positions, layout)
  const labels = new Int32Array(batchSize * length)
  const weights = new Float32Array(batchSize * length)
  const state = new Float32Array(batchSize * stateSize)
  let weight = 0
  for (let i = 0; i < batchSize; i++) {
    const position = filled(positions, i)
    const row = ids[position] as Int32Array
    labels.set(row.subarray(1), i * length)
    state.set(encoded.states.subarray(position * stateSize, (position + 1) * stateSize), i * stateSize)
    if (i >= positions.length) continue
    const prompt = prompts[position] as number
    weights.fill(1, i * length + prompt - 1, i * length + row.length - 1)
    weight += row.length - prompt
  }
  const pictures = Array.from({ length: batchSize }, (_, i) => pictureOf(encoded, filled(positions, i)))
  const feeds = {
    pixel_values: pixelValues(pictures, encoded.sight),
    ...(stateSize > 0 && { state }),
    input_ids: inputIds,
    labels,
    weights,
  }
  return { length, feeds, weight, examples: positions.length, tokens: realTokens }
}

function pictureOf({ pixels, sight }: SceneRows, position: number): Uint8Array {
  const size = sight.height * sight.width * sight.channels
  return pixels.subarray(position * size, (position + 1) * size)
}

/** Bytes [height, width, channels] each → float32 [pictures, channels, height, width], as the model wants them. */
function pixelValues(pictures: readonly Uint8Array[], { channels, height, width, factor, mean, deviation }: Sight) {
  const values = new Float32Array(pictures.length * channels * height * width)
  let at = 0
  for (const picture of pictures) {
    for (let c = 0; c < channels; c++) {
      const [shift, scale] = [mean[c] as number, deviation[c] as number]
      for (let place = c; place < picture.length; place += channels) {
        values[at++] = ((picture[place] as number) * factor - shift) / scale
      }
    }
  }
  return values
}

/** A question put to the model: what it sees, knows and is asked. */
export interface Asked {
  readonly picture: Uint8Array
  readonly state: ArrayLike<number>
  readonly prompt: Int32Array
}

/** Writes answers to questions, several at once, each as far as there is room. */
export type Answer = (asked: readonly Asked[]) => string[]

function answering(encoded: SceneRows, layout: BatchLayout, { own, tokenizer }: ScoreTools): Answer {
  const { batchSize, padId, buckets } = layout
  const { stateSize, sight, endId } = encoded
  const length = buckets.at(-1) as number
  const together = (asked: readonly Asked[]): string[] => {
    const rows = Array.from({ length: batchSize }, (_, i) => asked[i < asked.length ? i : 0] as Asked)
    const state = new Float32Array(batchSize * stateSize)
    const inputIds = new Int32Array(batchSize * length).fill(padId)
    for (const [i, { state: numbers, prompt }] of rows.entries()) {
      state.set(Array.from(numbers).slice(0, stateSize), i * stateSize)
      inputIds.set(prompt.subarray(0, length), i * length)
    }
    const seen: Record<string, Values> = {
      pixel_values: pixelValues(
        rows.map(({ picture }) => picture),
        sight,
      ),
      ...(stateSize > 0 && { state }),
    }
    const written = asked.map((): number[] => [])
    const sizes = rows.map(({ prompt }) => Math.min(prompt.length, length))
    const open = new Set(asked.keys())
    while (open.size > 0) {
      const ends = Int32Array.from(sizes, (size, i) => i * length + size - 1)
      const { ids } = own(writing, { ...seen, input_ids: inputIds, ends })
      for (const i of [...open]) {
        const id = (ids as Int32Array)[i] as number
        const size = sizes[i] as number
        if (id === endId || size >= length) open.delete(i)
        else {
          written[i]?.push(id)
          inputIds[i * length + size] = id
          sizes[i] = size + 1
        }
      }
    }
    return written.map((ids) => tokenizer.decode(ids).trim())
  }
  return (asked) =>
    Array.from({ length: Math.ceil(asked.length / batchSize) }, (_, i) =>
      together(asked.slice(i * batchSize, (i + 1) * batchSize)),
    ).flat()
}

function score(
  encoded: SceneRows,
  layout: BatchLayout,
  _config: BatchConfig,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
  tools: ScoreTools,
): ScoredScenes {
  const { rows, ids, prompts, answers, questions, scenes, states, stateSize } = encoded
  const loss = new Float64Array(rows.length)
  const right = new Float64Array(rows.length)
  const tokens = new Float64Array(rows.length)
  const written: string[] = new Array(rows.length).fill('')
  const answer = answering(encoded, layout, tools)
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const built = batch(encoded, positions, layout)
    const output = evaluate(built)
    const weights = built.feeds.weights as Float32Array
    const said = answer(
      Array.from(positions, (position) => ({
        picture: pictureOf(encoded, position),
        state: states.subarray(position * stateSize, (position + 1) * stateSize),
        prompt: (ids[position] as Int32Array).subarray(0, prompts[position]),
      })),
    )
    positions.forEach((position, i) => {
      for (let at = i * built.length; at < (i + 1) * built.length; at++) {
        if (weights[at] === 0) continue
        loss[position] = (loss[position] as number) + (output.loss?.[at] as number)
        right[position] = (right[position] as number) + (output.right?.[at] as number)
        tokens[position] = (tokens[position] as number) + 1
      }
      written[position] = said[i] as string
    })
    done += positions.length
    onRows(done, 2 * rows.length)
  }
  // The arm sees the table as it is drawn: a model of other pictures, or of other states, is asked and not let work.
  const { width, height, channels } = encoded.sight
  const sees = width === pictureSize && height === pictureSize && channels === 3
  const known = sees && [0, tableStates].includes(stateSize) ? scenes : scenes.map(() => '')
  const outcomes = letArmWork(questions, known, tools.tokenizer, answer, (over) =>
    onRows(rows.length + over, 2 * rows.length),
  )
  const worked = (of: (outcome: ArmOutcome) => number) =>
    Float64Array.from(outcomes, (outcome) => (outcome === null ? -1 : of(outcome)))
  return {
    rows,
    loss: loss.map((sum, i) => sum / (tokens[i] as number)),
    right: right.map((sum, i) => sum / (tokens[i] as number)),
    tokens,
    exact: Float64Array.from(written, (text, i) => Number(sameWords(text, answers[i] as string))),
    written,
    success: worked(({ done: reached }) => Number(reached)),
    episodes: outcomes.map((outcome) => outcome?.record ?? ''),
  }
}

/** Case and the space between words do not count. */
function sameWords(a: string, b: string): boolean {
  const plain = (text: string) => text.trim().toLowerCase().replaceAll(/\s+/g, ' ')
  return plain(a) === plain(b)
}

/** Means over the answers' tokens; the share of answers that were written as they should be, and of orders carried out. */
function metrics({ loss, right, tokens, exact, success }: ScoredScenes): Record<string, number> {
  const orders = success.filter((value) => value >= 0)
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length
  return {
    'eval/loss': overTokens(loss, tokens),
    'eval/token_accuracy': overTokens(right, tokens),
    'eval/exact_match': mean(exact),
    ...(orders.length > 0 && { 'eval/success': mean(orders) }),
  }
}
