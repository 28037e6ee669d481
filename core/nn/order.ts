import * as tf from '@tensorflow/tfjs-core'

/**
 * `x`, but no sooner than `others` have been computed. Operations of a graph run as soon as they can: where several
 * large tensors are not to be there at once, this says so. Without a graph things run in the order of the program.
 */
export function after(x: tf.Tensor, ...others: tf.Tensor[]): tf.Tensor {
  if (!tf.getKernel('AttuneAfter', tf.getBackend())) return x
  const waits = Object.fromEntries(others.map((other, i) => [`other${i}`, other]))
  return tf.engine().runKernel('AttuneAfter', { x, ...waits }) as tf.Tensor
}
