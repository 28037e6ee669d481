import * as tf from '@tensorflow/tfjs-core'
import { philoxHalves } from './philox.ts'

/** Resolution of a probability: a draw is one of so many numbers. */
const steps = 0x10000

/**
 * What dropout multiplies with: 0 with probability `rate`, else 1/(1 − rate). A pure function of (seed, stream, step,
 * element); `state` is int32 [2], seed and step. The rate is kept to 1/65536, and the scale is that of the rate kept,
 * so the mean stays. Traced it is a handful of TensorFlow's operations; elsewhere the same generator runs in
 * JavaScript, bit for bit.
 */
export function keepMask(state: tf.Tensor, stream: number, rate: number, shape: readonly number[]): tf.Tensor {
  const threshold = Math.round(rate * steps)
  const scale = Math.fround(steps / (steps - threshold))
  const size = [...shape]
  if (tf.getKernel('AttuneKeepMask', tf.getBackend())) {
    return tf.engine().runKernel('AttuneKeepMask', { state }, { stream, threshold, scale, shape: size }) as tf.Tensor
  }
  const [seed, step] = state.dataSync() as Int32Array
  const draws = philoxHalves(seed as number, stream, step as number, tf.util.sizeFromShape(size))
  return tf.tensor(
    Float32Array.from(draws, (draw) => (draw >= threshold ? scale : 0)),
    size,
  )
}
