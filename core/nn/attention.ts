import * as tf from '@tensorflow/tfjs-core'
import { dropout } from './dropout.ts'
import type { Rng } from './random.ts'

/** How much a masked position loses before the softmax: far below any score, and finite so that nothing becomes NaN. */
const maskedScore = -1e9

/** Additive mask from 0/1: attentionMask int32 [batch, length] → [batch, 1, 1, length], 0 where seen. */
export function paddingMask(attentionMask: tf.Tensor): tf.Tensor {
  const [batch, length] = attentionMask.shape as [number, number]
  const hidden = tf.sub(1, tf.cast(attentionMask, 'float32'))
  return tf.reshape(tf.mul(hidden, maskedScore), [batch, 1, 1, length])
}

/**
 * Additive mask of a decoder: a position sees itself and those before it, and with `segmentIds` (int32 [batch, length])
 * only those of its own segment. → [1, 1, length, length], with segments [batch, 1, length, length]
 */
export function causalMask(length: number, segmentIds: tf.Tensor | null): tf.Tensor {
  const places = tf.tensor1d(Int32Array.from({ length }, (_, i) => i))
  const later = tf.greater(tf.reshape(places, [1, length]), tf.reshape(places, [length, 1]))
  if (!segmentIds) return tf.reshape(hiddenScores(later), [1, 1, length, length])
  const [batch] = segmentIds.shape as [number, number]
  const foreign = tf.notEqual(tf.reshape(segmentIds, [batch, 1, length]), tf.reshape(segmentIds, [batch, length, 1]))
  return tf.reshape(hiddenScores(tf.logicalOr(later, foreign)), [batch, 1, length, length])
}

/** What to add to scores so that those that are hidden (bool, any shape) do not count. */
export function hiddenScores(hidden: tf.Tensor): tf.Tensor {
  return tf.mul(tf.cast(hidden, 'float32'), maskedScore)
}

/** [batch·length, heads·d] → [batch, heads, length, d] */
export function splitHeads(x: tf.Tensor, batch: number, length: number, heads: number): tf.Tensor {
  return tf.transpose(tf.reshape(x, [batch, length, heads, -1]), [0, 2, 1, 3])
}

/** [batch, heads, length, d] → [batch·length, heads·d] */
export function mergeHeads(x: tf.Tensor): tf.Tensor {
  const [batch, heads, length, width] = x.shape as [number, number, number, number]
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * length, heads * width])
}

/**
 * softmax(q·kᵀ/√d + mask)·v, all [batch, heads, length, d]; mask broadcasts against [batch, heads, length, length].
 * q is scaled before the product, not the scores after it: TensorFlow's graph optimiser would fuse a product, a scale
 * and a mask into one operation whose kernel here is ten times slower.
 * Source: Vaswani et al. 2017.
 */
export function attend(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  mask: tf.Tensor,
  dropoutRate: number,
  rng: Rng | null,
): tf.Tensor {
  const scale = 1 / Math.sqrt(q.shape.at(-1) as number)
  const scores = tf.matMul(tf.mul(q, scale), k, false, true)
  const weights = tf.softmax(tf.add(scores, mask), -1)
  return tf.matMul(dropout(weights, dropoutRate, rng), v)
}
