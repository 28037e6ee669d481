import * as tf from '@tensorflow/tfjs-core'
import { keepMask } from './keep-mask.ts'
import type { Rng } from './random.ts'

/**
 * Zeroes each element with probability `rate` and scales the rest by 1/(1 − rate). Any shape.
 * Without an rng (evaluation) or at rate 0 it is the identity and takes no stream.
 * Source: Srivastava et al. 2014.
 */
export function dropout(x: tf.Tensor, rate: number, rng: Rng | null): tf.Tensor {
  if (rng === null || rate === 0) return x
  return tf.mul(x, keepMask(rng.state, rng.nextStream(), rate, x.shape))
}
