import * as tf from '@tensorflow/tfjs-core'

/**
 * `x` [n, …] with its rows `index` (int32 [m], no row twice) replaced by `rows` [m, …].
 * For a variable that the program then assigns the result to, and whose former value it uses no more: in a graph the rows
 * are written where the variable lies, and nothing else is touched or copied.
 */
export function updateRows(x: tf.Tensor, index: tf.Tensor, rows: tf.Tensor): tf.Tensor {
  if (tf.getKernel('AttuneUpdateRows', tf.getBackend())) {
    return tf.engine().runKernel('AttuneUpdateRows', { x, index, rows }) as tf.Tensor
  }
  return tf.tensorScatterUpdate(x, tf.reshape(index, [-1, 1]), rows)
}
