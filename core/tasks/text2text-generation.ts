import * as tf from '@tensorflow/tfjs-core'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { SequenceToSequenceHead } from '../models/architecture.ts'
import { headCrossEntropy, headSmoothing, judgeHead } from '../nn/head-loss.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import type { BatchConfig, TaskModel } from './task.ts'

/**
 * Text to text: a row is a text and what a model is to make of it. The encoder reads the one, the decoder learns each
 * token of the other from those before it, the end included. The loss is cross-entropy, averaged over target tokens.
 */

/** Padded lengths of source and target where the longer of the two is padded to `length`. */
export function sidesOf(
  length: number,
  { max_length, max_target_length = max_length }: Pick<BatchConfig, 'max_length' | 'max_target_length'>,
): { source: number; target: number } {
  return { source: Math.min(length, max_length), target: Math.min(length, max_target_length) }
}

export function batchSpecs(batchSize: number, length: number, config: BatchConfig): Record<string, TensorSpec> {
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

export function trainingLoss(
  model: TaskModel,
  params: Params,
  feeds: Tensors,
  rng: Rng,
  total: tf.Tensor,
  { label_smoothing_factor: smoothing }: { label_smoothing_factor: number },
): tf.Tensor {
  const { hidden, matrix, bias } = decoded(model, params, feeds, rng)
  const labels = flat(feeds.labels)
  const weights = tf.div(flat(feeds.weights), total)
  const loss = headCrossEntropy(hidden, matrix, labels, weights, undefined, bias)
  return smoothing === 0 ? loss : tf.add(loss, headSmoothing(hidden, matrix, labels, weights, smoothing, bias))
}

export function evaluation(model: TaskModel, params: Params, feeds: Tensors): Record<string, tf.Tensor> {
  const { hidden, matrix, bias } = decoded(model, params, feeds, null)
  return judgeHead(hidden, matrix, flat(feeds.labels), undefined, bias)
}

/** Hidden states [batch·target, width] of the target tokens, and what reads the next ones out of them. */
function decoded(
  { head, config }: TaskModel,
  params: Params,
  feeds: Tensors,
  rng: Rng | null,
): { hidden: tf.Tensor; matrix: tf.Tensor; bias: tf.Tensor | null } {
  const { encode, decode, matrix, logitsBias } = head as SequenceToSequenceHead<unknown>
  const source = { inputIds: feeds.input_ids as tf.Tensor, attentionMask: feeds.attention_mask as tf.Tensor }
  const memory = encode(config, params, source, rng)
  return {
    hidden: decode(config, params, feeds.decoder_input_ids as tf.Tensor, memory, rng),
    matrix: matrix(config, params),
    bias: logitsBias(config, params),
  }
}

function flat(tensor: tf.Tensor | undefined): tf.Tensor {
  return tf.reshape(tensor as tf.Tensor, [-1])
}
