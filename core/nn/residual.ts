import * as tf from '@tensorflow/tfjs-core'
import { dropped } from './dropout.ts'
import { drawOf } from './keep-mask.ts'
import { hasKernel, runKernel } from './kernel.ts'
import type { Unbiased } from './linear.ts'
import type { Rng } from './random.ts'

/**
 * dropout(product + bias) + x: how a branch of a pre-norm Transformer joins the stream x again, in one pass where the
 * engine can. All [n, d], bias [d].
 */
export function residual(x: tf.Tensor, { product, bias }: Unbiased, rate: number, rng: Rng | null): tf.Tensor {
  const draw = drawOf(rate, rng)
  if (bias === null || !hasKernel('AttuneResidual')) {
    return tf.add(x, dropped(bias ? tf.add(product, bias) : product, draw))
  }
  const { stream, threshold, scale } = draw
  const attrs = { stream, threshold, scale }
  const op = tf.customGrad((...args) => {
    const [branch, shift, rest, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const inputs = { x: branch, bias: shift, residual: rest, state: draw.state }
    const [value] = runKernel<[tf.Tensor]>('AttuneResidual', inputs, attrs)
    save([draw.state])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const state = saved[0] as tf.Tensor
        const [dbranch, dbias] = runKernel<[tf.Tensor, tf.Tensor]>('AttuneResidualGrad', { dy, state }, attrs)
        return [dbranch, dbias, tf.clone(dy)]
      },
    }
  })
  return op(product, bias, x)
}
