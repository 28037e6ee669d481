import * as tf from '@tensorflow/tfjs-core'
import { hasKernel, runKernel } from './kernel.ts'
import { philoxHalves } from './philox.ts'
import type { Rng } from './random.ts'

/** Resolution of a probability: a draw is one of so many numbers. */
const steps = 0x10000

/** A place where dropout draws, as kernels take it: elements whose 16 bits are below `threshold` are dropped. */
export interface Draw {
  /** int32 [2]: seed and step. */
  readonly state: tf.Tensor
  readonly stream: number
  /** 0 keeps all. */
  readonly threshold: number
  /** What the kept ones are multiplied with. */
  readonly scale: number
}

/**
 * The next place that draws. Without an rng (evaluation) or at rate 0 nothing is dropped and no stream is taken. The rate
 * is kept to 1/65536, and the scale is that of the rate kept, so the mean stays.
 */
export function drawOf(rate: number, rng: Rng | null): Draw {
  if (rng === null || rate === 0) return { state: tf.zeros([2], 'int32'), stream: 0, threshold: 0, scale: 1 }
  const threshold = Math.round(rate * steps)
  return { state: rng.state, stream: rng.nextStream(), threshold, scale: Math.fround(steps / (steps - threshold)) }
}

/**
 * What dropout multiplies with: 0 for what is dropped, else the scale. A pure function of (seed, stream, step, element).
 * Traced it is a handful of TensorFlow's operations; elsewhere the same generator runs in JavaScript, bit for bit.
 */
export function keepMask({ state, stream, threshold, scale }: Draw, shape: readonly number[]): tf.Tensor {
  const size = [...shape]
  if (hasKernel('AttuneKeepMask')) {
    const [mask] = runKernel<[tf.Tensor]>('AttuneKeepMask', { state }, { stream, threshold, scale, shape: size })
    return mask
  }
  const [seed, step] = state.dataSync() as Int32Array
  const draws = philoxHalves(seed as number, stream, step as number, tf.util.sizeFromShape(size))
  return tf.tensor(
    Float32Array.from(draws, (draw) => (draw >= threshold ? scale : 0)),
    size,
  )
}
