import * as tf from '@tensorflow/tfjs-core'
import { dropped } from './dropout.ts'
import { drawOf } from './keep-mask.ts'
import { hasKernel, runKernel } from './kernel.ts'
import type { Unbiased } from './linear.ts'
import type { Params } from './params.ts'
import type { Rng } from './random.ts'

/**
 * y = (x − μ)/√(σ² + ε) · weight + bias over the last axis, σ² the biased variance. x [n, d] → [n, d].
 * The gradient is written out: autodiff through the two means would make and keep three more tensors of x's size.
 * Source: Ba, Kiros, Hinton 2016.
 */
export function layerNorm(params: Params, x: tf.Tensor, epsilon: number): tf.Tensor {
  const norm = hasKernel('AttuneLayerNorm') ? fusedNorm : composedNorm
  return norm(x, params.get('weight'), params.get('bias'), epsilon)
}

function composedNorm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor {
  const width = x.shape.at(-1) as number
  const op = tf.customGrad((...args) => {
    const [input, gain, shift, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const centred = tf.sub(input, tf.mean(input, -1, true))
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon))
    const normal = tf.mul(centred, scale)
    save([normal, scale, gain])
    return {
      value: tf.add(tf.mul(normal, gain), shift),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [n, s, g] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]
        const scaled = tf.mul(dy, g)
        const meanOfScaled = tf.div(tf.sum(scaled, -1, true), width)
        const meanOfProduct = tf.div(tf.sum(tf.mul(scaled, n), -1, true), width)
        const dx = tf.mul(tf.sub(tf.sub(scaled, meanOfScaled), tf.mul(n, meanOfProduct)), s)
        const rows = dy.shape.slice(0, -1).map((_, i) => i)
        return [dx, tf.sum(tf.mul(dy, n), rows), tf.sum(dy, rows)]
      },
    }
  })
  return op(x, weight, bias)
}

function fusedNorm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [z, gain, shift, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const [value, moments] = runKernel<[tf.Tensor, tf.Tensor]>('AttuneLayerNorm', { z, gain, shift }, { epsilon })
    save([z, moments, gain])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [input, m, g] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]
        return runKernel<tf.Tensor[]>('AttuneLayerNormGrad', { dy, z: input, moments: m, gain: g })
      },
    }
  })
  return op(x, weight, bias)
}

/**
 * LayerNorm(dropout(product + bias) + residual): how a block of a post-norm Transformer ends, in one pass where the
 * engine can. product, residual [n, d] → [n, d]; `params` are the norm's.
 */
export function residualNorm(
  params: Params,
  { product, bias }: Unbiased,
  residual: tf.Tensor,
  rate: number,
  rng: Rng | null,
  epsilon: number,
): tf.Tensor {
  const draw = drawOf(rate, rng)
  if (bias === null || !hasKernel('AttuneResidualNorm')) {
    const y = bias ? tf.add(product, bias) : product
    return layerNorm(params, tf.add(dropped(y, draw), residual), epsilon)
  }
  const { stream, threshold, scale } = draw
  const op = tf.customGrad((...args) => {
    const [x, b, rest, gain, shift, save] = args as [...Tensors5, tf.GradSaveFunc]
    const inputs = { x, bias: b, residual: rest, gain, shift, state: draw.state }
    const attrs = { epsilon, stream, threshold, scale }
    const [value, z, moments] = runKernel<[tf.Tensor, tf.Tensor, tf.Tensor]>('AttuneResidualNorm', inputs, attrs)
    save([z, moments, gain, draw.state])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [sum, m, g, state] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
        const [dresidual, dx, dbias, dgain, dshift] = runKernel<Tensors5>(
          'AttuneResidualNormGrad',
          { dy, z: sum, moments: m, gain: g, state },
          { stream, threshold, scale },
        )
        return [dx, dbias, dresidual, dgain, dshift]
      },
    }
  })
  return op(product, bias, residual, params.get('weight'), params.get('bias'))
}

type Tensors5 = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]

/**
 * y = x/√(mean x² + ε) · weight over the last axis, without mean or bias. x of any shape. The gradient is written out,
 * as layerNorm's. Source: Zhang, Sennrich 2019.
 */
export function rmsNorm(params: Params, x: tf.Tensor, epsilon: number): tf.Tensor {
  const width = x.shape.at(-1) as number
  const op = tf.customGrad((...args) => {
    const [input, gain, save] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(input), -1, true), epsilon))
    const normal = tf.mul(input, scale)
    save([normal, scale, gain])
    return {
      value: tf.mul(normal, gain),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [n, s, g] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]
        const scaled = tf.mul(dy, g)
        const meanOfProduct = tf.div(tf.sum(tf.mul(scaled, n), -1, true), width)
        const rows = dy.shape.slice(0, -1).map((_, i) => i)
        return [tf.mul(tf.sub(scaled, tf.mul(n, meanOfProduct)), s), tf.sum(tf.mul(dy, n), rows)]
      },
    }
  })
  return op(x, params.get('weight'))
}
