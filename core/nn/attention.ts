import * as tf from '@tensorflow/tfjs-core'
import { dropped } from './dropout.ts'
import { type Draw, drawOf } from './keep-mask.ts'
import { hasKernel, runKernel } from './kernel.ts'
import type { Unbiased } from './linear.ts'
import type { Rng } from './random.ts'

/** How much a masked position loses before the softmax: far below any score, and finite so that nothing becomes NaN. */
const maskedScore = -1e9

/** Additive mask from 0/1: attentionMask int32 [batch, length] → [batch, 1, 1, length], 0 where seen. */
export function paddingMask(attentionMask: tf.Tensor): tf.Tensor {
  const [batch, length] = attentionMask.shape as [number, number]
  const hidden = tf.sub(1, tf.cast(attentionMask, 'float32'))
  return tf.reshape(tf.mul(hidden, maskedScore), [batch, 1, 1, length])
}

/** [batch·length, heads·d], its bias still to be added → [batch, heads, length, d] */
export function splitHeads({ product, bias }: Unbiased, batch: number, length: number, heads: number): tf.Tensor {
  if (!hasKernel('AttuneSplitHeads')) {
    const x = bias ? tf.add(product, bias) : product
    return tf.transpose(tf.reshape(x, [batch, length, heads, -1]), [0, 2, 1, 3])
  }
  const op = tf.customGrad((...args) => {
    const [x, b] = args as [tf.Tensor, tf.Tensor]
    return { value: split(x, b, length, heads), gradFunc: (dy: tf.Tensor) => merge(dy, bias !== null) }
  })
  return op(product, bias ?? tf.zeros([0]))
}

/** [batch, heads, length, d] → [batch·length, heads·d] */
export function mergeHeads(x: tf.Tensor): tf.Tensor {
  const [batch, heads, length, width] = x.shape as [number, number, number, number]
  if (!hasKernel('AttuneMergeHeads'))
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * length, heads * width])
  const op = tf.customGrad((...args) => {
    const [merged] = merge(args[0] as tf.Tensor, false)
    return { value: merged, gradFunc: (dy: tf.Tensor) => split(dy, tf.zeros([0]), length, heads) }
  })
  return op(x)
}

function split(x: tf.Tensor, bias: tf.Tensor, length: number, heads: number): tf.Tensor {
  const [heads4] = runKernel<[tf.Tensor]>('AttuneSplitHeads', { x, bias }, { length, heads })
  return heads4
}

/** And the sums of the columns, where they are asked for. */
function merge(x: tf.Tensor, sums: boolean): [tf.Tensor, tf.Tensor] {
  const [, heads, length] = x.shape as [number, number, number]
  return runKernel('AttuneMergeHeads', { x }, { length, heads, sums: sums ? 1 : 0 })
}

/**
 * softmax(q·kᵀ/√d + mask)·v, all [batch, heads, length, d]; mask broadcasts against [batch, heads, length, length].
 * Source: Vaswani et al. 2017.
 */
export function attend(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  mask: tf.Tensor,
  dropoutRate: number,
  rng: Rng | null,
): tf.Tensor {
  const factor = 1 / Math.sqrt(q.shape.at(-1) as number)
  const draw = drawOf(dropoutRate, rng)
  if (hasKernel('AttuneAttentionSoftmax') && mask.rank === 4)
    return tf.matMul(fusedSoftmax(tf.matMul(q, k, false, true), mask, factor, draw), v)
  // q is scaled before the product, not the scores after it: TensorFlow's graph optimiser would fuse a product, a scale
  // and a mask into one operation whose kernel here is ten times slower.
  const scores = tf.matMul(tf.mul(q, factor), k, false, true)
  return tf.matMul(dropped(tf.softmax(tf.add(scores, mask), -1), draw), v)
}

/** dropout(softmax(scores·factor + mask)); scores [batch, heads, queries, keys]. The mask gets no gradient. */
function fusedSoftmax(scores: tf.Tensor, mask: tf.Tensor, factor: number, draw: Draw): tf.Tensor {
  const { stream, threshold, scale } = draw
  const attrs = { factor, stream, threshold, scale }
  const op = tf.customGrad((...args) => {
    const [x, save] = args as [tf.Tensor, tf.GradSaveFunc]
    const inputs = { scores: x, mask, state: draw.state }
    const [probabilities, kept] = runKernel<[tf.Tensor, tf.Tensor]>('AttuneAttentionSoftmax', inputs, attrs)
    save([probabilities, draw.state])
    return {
      value: threshold === 0 ? probabilities : kept,
      gradFunc: (dkept: tf.Tensor, saved: tf.Tensor[]) => {
        const [p, state] = saved as [tf.Tensor, tf.Tensor]
        const [dscores] = runKernel<[tf.Tensor]>('AttuneAttentionSoftmaxGrad', { dkept, probabilities: p, state }, attrs)
        return dscores
      },
    }
  })
  return op(scores)
}
