import * as tf from '@tensorflow/tfjs-core'
import { philoxUniform } from './philox.ts'

/**
 * Draws in [0, 1) that are a pure function of (seed, stream, step, element). `state` is int32 [2]: seed and step.
 * Traced, it is TensorFlow's StatelessRandomUniformV2; elsewhere the same generator runs in JavaScript, bit for bit.
 */
export function statelessUniform(state: tf.Tensor, stream: number, shape: readonly number[]): tf.Tensor {
  if (tf.getKernel('AttuneStatelessUniform', tf.getBackend())) {
    return tf.engine().runKernel('AttuneStatelessUniform', { state }, { stream, shape: [...shape] }) as tf.Tensor
  }
  const [seed, step] = state.dataSync() as Int32Array
  return tf.tensor(philoxUniform(seed as number, stream, step as number, tf.util.sizeFromShape([...shape])), [...shape])
}
