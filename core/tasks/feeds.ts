import * as tf from '@tensorflow/tfjs-core'

/** A feed, or anything of a batch, end to end: [n]. */
export function flat(feed: tf.Tensor | undefined): tf.Tensor1D {
  return tf.reshape(feed as tf.Tensor, [-1]) as tf.Tensor1D
}
