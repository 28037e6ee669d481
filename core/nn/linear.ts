import * as tf from '@tensorflow/tfjs-core'
import { biasActivation } from './activations.ts'
import { hasKernel, runKernel } from './kernel.ts'
import type { Params } from './params.ts'
import type { Rng } from './random.ts'

/** A linear layer's product, to which its bias is still to be added: what follows may do that in the same pass. */
export interface Unbiased {
  /** [n, out] */
  readonly product: tf.Tensor
  /** [out], or null where the layer has none. */
  readonly bias: tf.Tensor | null
}

/** y = x·Wᵀ + b, with PyTorch's layout of the weight. x [n, in], `weight` [out, in], `bias` [out] → [n, out]. */
export function linear(params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  return biased(linearProduct(params, x, rng))
}

/** x·Wᵀ. Where an adapter stands at this place, its low-rank addition joins in. */
export function linearProduct(params: Params, x: tf.Tensor, rng: Rng | null): Unbiased {
  const weight = params.get('weight')
  return withAddition(params, x, params.inference ? timesRows(x, weight) : timesTransposed(x, weight), rng)
}

/** x·W, with the layout of GPT-2's Conv1D: `weight` [in, out]; else as `linearProduct`. */
export function conv1dProduct(params: Params, x: tf.Tensor, rng: Rng | null): Unbiased {
  // For inference its weight lies as that of a linear layer.
  if (params.inference) return linearProduct(params, x, rng)
  return withAddition(params, x, tf.matMul(x, params.get('weight') as tf.Tensor2D), rng)
}

/** Rows of x up to which reading the weight is what a product takes. */
const fewRows = 8

/**
 * x·Wᵀ where nothing is differentiated. x [n, in], weight [out, in] → [n, out]. Few rows take one pass over the weight as
 * it is kept, x and the sums in float32 whatever the precision.
 */
export function timesRows(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  if ((x.shape[0] as number) > fewRows || !hasKernel('AttuneFewRows')) return timesTransposed(x, weight)
  const [product] = runKernel<[tf.Tensor]>('AttuneFewRows', { x, weight })
  return product
}

function timesTransposed(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D, false, true)
}

function withAddition(params: Params, x: tf.Tensor, product: tf.Tensor, rng: Rng | null): Unbiased {
  const delta = params.delta(x, rng)
  return { product: delta ? tf.add(product, delta) : product, bias: params.has('bias') ? params.get('bias') : null }
}

/** The layer's output [n, out]. */
export function biased({ product, bias }: Unbiased): tf.Tensor {
  return bias ? tf.add(product, bias) : product
}

/** The activation of that name (a config's word) over the layer's output. → [n, out] */
export function activated({ product, bias }: Unbiased, activation: string): tf.Tensor {
  return biasActivation(product, bias ?? tf.zeros([product.shape[1] as number]), activation)
}
