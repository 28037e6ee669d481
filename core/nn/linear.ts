import * as tf from '@tensorflow/tfjs-core'
import { biasActivation } from './activations.ts'
import type { Params } from './params.ts'
import type { Rng } from './random.ts'

/** A linear layer's product, to which its bias is still to be added: what follows may do that in the same pass. */
export interface Unbiased {
  /** [n, out] */
  readonly product: tf.Tensor
  /** [out], or null where the layer has none. */
  readonly bias: tf.Tensor | null
}

/**
 * x·Wᵀ, with PyTorch's layout of the weight. x [n, in], `weight` [out, in], `bias` [out].
 * Where an adapter stands at this place, its low-rank addition joins in.
 */
export function unbiased(params: Params, x: tf.Tensor, rng: Rng | null): Unbiased {
  const product = tf.matMul(x, params.get('weight') as tf.Tensor2D, false, true)
  const delta = params.delta(x, rng)
  return { product: delta ? tf.add(product, delta) : product, bias: params.has('bias') ? params.get('bias') : null }
}

/** y = x·Wᵀ + b → [n, out]. */
export function linear(params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const { product, bias } = unbiased(params, x, rng)
  return bias ? tf.add(product, bias) : product
}

/** activation(x·Wᵀ + b) → [n, out], the activation by its name in a config. */
export function activatedLinear(params: Params, x: tf.Tensor, activation: string, rng: Rng | null): tf.Tensor {
  const { product, bias } = unbiased(params, x, rng)
  return biasActivation(product, bias ?? tf.zeros([product.shape[1] as number]), activation)
}
