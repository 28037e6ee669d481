import * as tf from '@tensorflow/tfjs-core'
import type { Rng } from './random.ts'
import { statelessUniform } from './random-uniform.ts'

/**
 * Zeroes each element with probability `rate` and scales the rest by 1/(1 − rate). Any shape.
 * Without an rng (evaluation) or at rate 0 it is the identity and takes no stream.
 * Source: Srivastava et al. 2014.
 */
export function dropout(x: tf.Tensor, rate: number, rng: Rng | null): tf.Tensor {
  if (rng === null || rate === 0) return x
  const draw = statelessUniform(rng.state, rng.nextStream(), x.shape)
  const kept = tf.mul(tf.cast(tf.greaterEqual(draw, rate), 'float32'), 1 / (1 - rate))
  return tf.mul(x, kept)
}
