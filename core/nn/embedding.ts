import * as tf from '@tensorflow/tfjs-core'

/**
 * Rows of a table [rows, d] by ids (int32 [n]) → [n, d], where looking up the row `blank` teaches it nothing, as PyTorch's
 * Embedding with a padding_idx: what padding is, a model does not learn from being read.
 */
export function lookUp(table: tf.Tensor, ids: tf.Tensor, blank: number): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [rows, index, save] = args as [tf.Tensor, tf.Tensor1D, tf.GradSaveFunc]
    const count = rows.shape[0] as number
    save([index])
    return {
      value: tf.gather(rows, index),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const read = saved[0] as tf.Tensor1D
        const counts = tf.reshape(tf.cast(tf.notEqual(read, blank), 'float32'), [-1, 1])
        return [tf.unsortedSegmentSum(tf.mul(dy, counts), read, count), tf.zerosLike(read)]
      },
    }
  })
  return op(table, ids)
}
