import * as tf from '@tensorflow/tfjs-core'
import { type Draw, drawOf, keepMask } from './keep-mask.ts'
import { hasKernel, runKernel } from './kernel.ts'
import type { Rng } from './random.ts'

/**
 * Zeroes each element with probability `rate` and scales the rest by 1/(1 − rate). Any shape.
 * Without an rng (evaluation) or at rate 0 it is the identity and takes no stream.
 * Source: Srivastava et al. 2014.
 */
export function dropout(x: tf.Tensor, rate: number, rng: Rng | null): tf.Tensor {
  return dropped(x, drawOf(rate, rng))
}

/** The same for a place that has drawn. */
export function dropped(x: tf.Tensor, draw: Draw): tf.Tensor {
  if (draw.threshold === 0) return x
  if (!hasKernel('AttuneDropout')) return tf.mul(x, keepMask(draw, x.shape))
  const { stream, threshold, scale } = draw
  const drop = (value: tf.Tensor, state: tf.Tensor) => {
    const [kept] = runKernel<[tf.Tensor]>('AttuneDropout', { x: value, state }, { stream, threshold, scale })
    return kept
  }
  const op = tf.customGrad((...args) => {
    const [value, save] = args as [tf.Tensor, tf.GradSaveFunc]
    save([draw.state])
    return {
      value: drop(value, draw.state),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => drop(dy, saved[0] as tf.Tensor),
    }
  })
  return op(x)
}
