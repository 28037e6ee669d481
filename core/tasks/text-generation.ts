import * as tf from '@tensorflow/tfjs-core'
import { filled, lengthOrder, padTokens } from '../data/batches.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { CausalBatch, LanguageModelHead } from '../models/architecture.ts'
import { headCrossEntropy, headSmoothing, judgeHead } from '../nn/head-loss.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { flat } from './feeds.ts'
import { isTarget, type PackedRows, type Piece } from './packed-rows.ts'
import type { BatchConfig, BatchLayout, Evaluate, Task, TaskBatch, TaskModel } from './task.ts'

/**
 * Text generation: a row is one text; the model learns each token from those before it, the end of the text included.
 * Texts longer than max_length become several pieces. With packing, short ones share a row, each with its own positions
 * and blind to the others. The loss is cross-entropy, averaged over the predicted tokens.
 */

/** What the model said about texts: mean loss (nats) and share right over a text's predicted tokens, and their number. */
export type ScoredTexts = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  readonly right: Float64Array
  readonly tokens: Float64Array
}

export const textGeneration: Task<PackedRows, ScoredTexts> = {
  name: 'text-generation',
  headOf: ({ heads }) => heads.languageModel,
  modelFields: () => ({}),
  batchSpecs,
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
  score,
  metrics,
  predictions: ({ rows, loss }) => ({
    rows: Array.from(rows),
    loss: Array.from(loss),
    predicted: [],
    gold: [],
    scores: [],
  }),
}

function batchSpecs(batchSize: number, length: number, { packing }: BatchConfig): Record<string, TensorSpec> {
  const tokens: TensorSpec = { shape: [batchSize, length], dtype: 'int32' }
  return {
    input_ids: tokens,
    position_ids: tokens,
    ...(packing && { segment_ids: tokens }),
    labels: tokens,
    weights: { shape: [batchSize, length], dtype: 'float32' },
  }
}

function batch(encoded: PackedRows, positions: Int32Array, layout: BatchLayout, { packing }: BatchConfig): TaskBatch {
  const { length, inputIds, realTokens } = padTokens(encoded, positions, layout)
  const size = layout.batchSize * length
  const positionIds = new Int32Array(size)
  // Padding is a document of its own, which nobody looks at.
  const segmentIds = new Int32Array(size).fill(-1)
  const labels = new Int32Array(size)
  const weights = new Float32Array(size)
  let weight = 0
  for (let i = 0; i < layout.batchSize; i++) {
    let at = i * length
    for (const [segment, piece] of piecesAt(encoded, filled(positions, i)).entries()) {
      for (let k = 0; k < piece.length; k++) positionIds[at + k] = k
      segmentIds.fill(segment, at, at + piece.length)
      labels.set(inputIds.subarray(at + 1, at + piece.length), at)
      for (let k = 1; k < piece.length && i < positions.length; k++) {
        if (!isTarget(piece, k)) continue
        weights[at + k - 1] = 1
        weight++
      }
      at += piece.length
    }
  }
  const examples = positions.reduce((sum, position) => sum + piecesAt(encoded, position).length, 0)
  const feeds = {
    input_ids: inputIds,
    position_ids: positionIds,
    ...(packing && { segment_ids: segmentIds }),
    labels,
    weights,
  }
  return { length, feeds, weight, examples, tokens: realTokens }
}

function piecesAt({ pieces }: PackedRows, position: number): readonly Piece[] {
  return pieces[position] as readonly Piece[]
}

/** Hidden states [batch·length, width] and the matrix that reads tokens out of them. */
function headOf(
  { head, config }: TaskModel,
  params: Params,
  feeds: Tensors,
  rng: Rng | null,
): { hidden: tf.Tensor; matrix: tf.Tensor } {
  const { hidden, matrix } = head as LanguageModelHead<unknown>
  const input: CausalBatch = {
    inputIds: feeds.input_ids as tf.Tensor,
    positionIds: feeds.position_ids as tf.Tensor,
    segmentIds: feeds.segment_ids ?? null,
  }
  return { hidden: hidden(config, params, input, rng), matrix: matrix(config, params) }
}

function score(
  encoded: PackedRows,
  layout: BatchLayout,
  config: BatchConfig,
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
): ScoredTexts {
  const placeOf = new Map(Array.from(encoded.rows, (row, place) => [row, place]))
  const loss = new Float64Array(encoded.rows.length)
  const right = new Float64Array(encoded.rows.length)
  const tokens = new Float64Array(encoded.rows.length)
  let done = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const built = batch(encoded, positions, layout, config)
    const output = evaluate(built)
    positions.forEach((position, i) => {
      let at = i * built.length
      for (const piece of piecesAt(encoded, position)) {
        const place = placeOf.get(piece.row) as number
        for (let k = 1; k < piece.length; k++) {
          if (!isTarget(piece, k)) continue
          loss[place] = (loss[place] as number) + (output.loss?.[at + k - 1] as number)
          right[place] = (right[place] as number) + (output.right?.[at + k - 1] as number)
          tokens[place] = (tokens[place] as number) + 1
        }
        at += piece.length
      }
    })
    done += positions.length
    onRows(done, encoded.lengths.length)
  }
  // A text of a single token has nothing to predict.
  const scored = encoded.rows.filter((_, place) => (tokens[place] as number) > 0)
  const column = (of: (place: number) => number) => Float64Array.from(scored, (row) => of(placeOf.get(row) as number))
  const mean = (sums: Float64Array) => column((place) => (sums[place] as number) / (tokens[place] as number))
  return { rows: scored, loss: mean(loss), right: mean(right), tokens: column((place) => tokens[place] as number) }
}

/** Means over all predicted tokens: loss in nats, the perplexity that it comes to, and the share predicted first. */
function metrics({ loss, right, tokens }: ScoredTexts): Record<string, number> {
  let all = 0
  let lossSum = 0
  let rightSum = 0
  for (const [i, count] of tokens.entries()) {
    all += count
    lossSum += (loss[i] as number) * count
    rightSum += (right[i] as number) * count
  }
  return {
    'eval/loss': lossSum / all,
    'eval/perplexity': Math.exp(lossSum / all),
    'eval/token_accuracy': rightSum / all,
  }
}
