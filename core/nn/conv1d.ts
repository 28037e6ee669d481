import * as tf from '@tensorflow/tfjs-core'
import type { Params } from './params.ts'

/**
 * A convolution over time of kernel 3 and padding 1, as one product over each place and its neighbours. x [batch, length, in],
 * `weight` [out, in, 3] and `bias` [out] as PyTorch's Conv1d has them → [batch, length/stride, out]. With stride 2 the
 * length has to be even.
 */
export function conv3(params: Params, x: tf.Tensor, stride: 1 | 2): tf.Tensor {
  const [batch, length, width] = x.shape as [number, number, number]
  const weight = params.get('weight')
  const out = weight.shape[0] as number
  const steps = length / stride
  const padded = tf.pad(x, [
    [0, 0],
    [1, 1],
    [0, 0],
  ])
  // By stride 2, a place's first two inputs are one pair of neighbours and its third is the first half of the next pair.
  const groups = tf.reshape(padded, [batch, (length + 2) / stride, stride * width])
  const from = (group: number, columns: number) => tf.slice(groups, [0, group, 0], [batch, steps, columns])
  const near = stride === 1 ? [from(0, width), from(1, width), from(2, width)] : [from(0, 2 * width), from(1, width)]
  const columns = tf.reshape(tf.concat(near, 2), [batch * steps, 3 * width])
  const kernel = tf.reshape(tf.transpose(weight, [0, 2, 1]), [out, 3 * width])
  const product = tf.matMul(columns as tf.Tensor2D, kernel as tf.Tensor2D, false, true)
  return tf.reshape(tf.add(product, params.get('bias')), [batch, steps, out])
}
