import * as tf from '@tensorflow/tfjs-core'
import type { Params } from './params.ts'
import type { Rng } from './random.ts'

/**
 * y = x·Wᵀ + b, with PyTorch's layout of the weight. x [n, in], `weight` [out, in], `bias` [out] → [n, out].
 * Where an adapter stands at this place, its low-rank addition joins in.
 */
export function linear(params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  return withAdditions(params, x, tf.matMul(x, params.get('weight') as tf.Tensor2D, false, true), rng)
}

/** y = x·W + b, with the layout of GPT-2's Conv1D: `weight` [in, out]; else as `linear`. */
export function conv1d(params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  return withAdditions(params, x, tf.matMul(x, params.get('weight') as tf.Tensor2D), rng)
}

function withAdditions(params: Params, x: tf.Tensor, product: tf.Tensor, rng: Rng | null): tf.Tensor {
  const y = params.has('bias') ? tf.add(product, params.get('bias')) : product
  const delta = params.delta(x, rng)
  return delta ? tf.add(y, delta) : y
}
