import * as tf from '@tensorflow/tfjs-core'

/**
 * Of each sequence its last real token: x [batch·length, d], attentionMask int32 [batch, length] with 1 for real tokens,
 * which come first → [batch, d].
 */
export function lastTokens(x: tf.Tensor, attentionMask: tf.Tensor): tf.Tensor {
  const [batch, length] = attentionMask.shape as [number, number]
  const starts = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, i) => i * length - 1),
    'int32',
  )
  const counts = tf.cast(tf.sum(tf.cast(attentionMask, 'float32'), 1), 'int32')
  return tf.gather(x, tf.add(starts, counts) as tf.Tensor1D)
}

/** int32 [batch, length]: every row from 0 on. */
export function placesOf(inputIds: tf.Tensor): tf.Tensor {
  const [batch, length] = inputIds.shape as [number, number]
  return tf.tensor2d(
    Int32Array.from({ length: batch * length }, (_, i) => i % length),
    [batch, length],
    'int32',
  )
}
