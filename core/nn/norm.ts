import * as tf from '@tensorflow/tfjs-core'
import type { Params } from './params.ts'

/**
 * y = (x − μ)/√(σ² + ε) · weight + bias over the last axis, σ² the biased variance. x [n, d] → [n, d].
 * The gradient is written out: autodiff through the two means would make and keep three more tensors of x's size.
 * Source: Ba, Kiros, Hinton 2016.
 */
export function layerNorm(params: Params, x: tf.Tensor, epsilon: number): tf.Tensor {
  return layerNormOp(x, params.get('weight'), params.get('bias'), epsilon)
}

function layerNormOp(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor {
  const width = x.shape.at(-1) as number
  const op = tf.customGrad((...args) => {
    const [input, gain, shift, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const centred = tf.sub(input, tf.mean(input, -1, true))
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon))
    const normal = tf.mul(centred, scale)
    save([normal, scale, gain])
    return {
      value: tf.add(tf.mul(normal, gain), shift),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [n, s, g] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]
        const scaled = tf.mul(dy, g)
        const meanOfScaled = tf.div(tf.sum(scaled, -1, true), width)
        const meanOfProduct = tf.div(tf.sum(tf.mul(scaled, n), -1, true), width)
        const dx = tf.mul(tf.sub(tf.sub(scaled, meanOfScaled), tf.mul(n, meanOfProduct)), s)
        const rows = dy.shape.slice(0, -1).map((_, i) => i)
        return [dx, tf.sum(tf.mul(dy, n), rows), tf.sum(dy, rows)]
      },
    }
  })
  return op(x, weight, bias)
}
