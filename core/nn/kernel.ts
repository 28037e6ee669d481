import * as tf from '@tensorflow/tfjs-core'

/**
 * Whether the engine under way has an operation that tfjs does not know. All are called `Attune…`; those of the graph
 * engine are TensorFlow's own (engine/trace/kernels.ts) and the fused ones written for it (engine/trace/fused.ts).
 */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined
}

/** Runs such an operation. Nothing is differentiated: this stands inside tf.customGrad. */
export function runKernel<Outputs extends readonly tf.Tensor[]>(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attrs: Readonly<Record<string, number | number[]>> = {},
): Outputs {
  const outputs: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, { ...inputs }, { ...attrs })
  return (Array.isArray(outputs) ? outputs : [outputs]) as unknown as Outputs
}
