import * as tf from '@tensorflow/tfjs-core'

/**
 * Mean of x² over one axis (negative counts from the end), which is left out of the result. Traced, no tensor of x's
 * size is made: TensorFlow's EuclideanNorm reduces as it squares.
 */
export function meanSquares(x: tf.Tensor, axis: number): tf.Tensor {
  const at = axis < 0 ? axis + x.rank : axis
  const length = x.shape[at] as number
  if (tf.getKernel('AttuneEuclideanNorm', tf.getBackend())) {
    const norm = tf.engine().runKernel('AttuneEuclideanNorm', { x }, { axis: at }) as tf.Tensor
    return tf.div(tf.square(norm), length)
  }
  return tf.div(tf.sum(tf.square(x), at), length)
}
