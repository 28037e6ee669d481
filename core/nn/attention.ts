import * as tf from '@tensorflow/tfjs-core'
import { dropped } from './dropout.ts'
import { type Draw, drawOf } from './keep-mask.ts'
import { hasKernel, runKernel } from './kernel.ts'
import { biased, type Unbiased } from './linear.ts'
import type { Rng } from './random.ts'
import { noteAttention } from './watch.ts'

/** How much a masked position loses before the softmax: far below any score, and finite so that nothing becomes NaN. */
const maskedScore = -1e9

/** Additive mask from 0/1: attentionMask int32 [batch, length] → [batch, 1, 1, length], 0 where seen. */
export function paddingMask(attentionMask: tf.Tensor): tf.Tensor {
  const [batch, length] = attentionMask.shape as [number, number]
  const hidden = tf.sub(1, tf.cast(attentionMask, 'float32'))
  return tf.reshape(tf.mul(hidden, maskedScore), [batch, 1, 1, length])
}

/**
 * Additive mask of a decoder: a position sees itself and those before it, and with `segmentIds` (int32 [batch, length])
 * only those of its own segment. → [1, 1, length, length], with segments [batch, 1, length, length]
 */
export function causalMask(length: number, segmentIds: tf.Tensor | null): tf.Tensor {
  const places = tf.tensor1d(Int32Array.from({ length }, (_, i) => i))
  const later = tf.greater(tf.reshape(places, [1, length]), tf.reshape(places, [length, 1]))
  if (!segmentIds) return tf.reshape(hiddenScores(later), [1, 1, length, length])
  const [batch] = segmentIds.shape as [number, number]
  const foreign = tf.notEqual(tf.reshape(segmentIds, [batch, 1, length]), tf.reshape(segmentIds, [batch, length, 1]))
  return tf.reshape(hiddenScores(tf.logicalOr(later, foreign)), [batch, 1, length, length])
}

/** What to add to scores so that those that are hidden (bool, any shape) do not count. */
export function hiddenScores(hidden: tf.Tensor): tf.Tensor {
  return tf.mul(tf.cast(hidden, 'float32'), maskedScore)
}

/** [batch·length, heads·d], its bias still to be added → [batch, heads, length, d] */
export function splitHeads(x: Unbiased, batch: number, length: number, heads: number): tf.Tensor {
  const [split] = splitParts(x, 1, batch, length, heads)
  return split as tf.Tensor
}

/** The same of several matrices side by side, such as query, key and value: [batch·length, parts·heads·d]. */
export function splitParts(x: Unbiased, parts: number, batch: number, length: number, heads: number): tf.Tensor[] {
  if (hasKernel('AttuneSplitHeads')) {
    const inputs = { x: x.product, bias: x.bias ?? tf.zeros([0]) }
    return runKernel<tf.Tensor[]>('AttuneSplitHeads', inputs, { parts, length, heads })
  }
  const joined = tf.reshape(biased(x), [batch, length, parts, heads, -1])
  return parts === 1
    ? [tf.transpose(tf.reshape(joined, [batch, length, heads, -1]), [0, 2, 1, 3])]
    : tf.unstack(tf.transpose(joined, [2, 0, 3, 1, 4]))
}

/** Each head `times` times, one after the other: [batch, heads, length, d] → [batch, heads·times, length, d]. */
export function repeatHeads(x: tf.Tensor, times: number): tf.Tensor {
  if (times === 1) return x
  const [batch, heads, length, width] = x.shape as [number, number, number, number]
  const apart = tf.reshape(x, [batch, heads, 1, length * width])
  return tf.reshape(tf.tile(apart, [1, 1, times, 1]), [batch, heads * times, length, width])
}

/** [batch, heads, length, d] → [batch·length, heads·d] */
export function mergeHeads(x: tf.Tensor): tf.Tensor {
  const [batch, heads, length, width] = x.shape as [number, number, number, number]
  if (!hasKernel('AttuneMergeHeads')) return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * length, heads * width])
  const [merged] = runKernel<[tf.Tensor]>('AttuneMergeHeads', { 0: x }, { parts: 1, length, heads, sums: 0 })
  return merged
}

tf.registerGradient({
  kernelName: 'AttuneSplitHeads',
  gradFunc: (dys, _, attrs) => {
    const { parts = 1, length = 1, heads = 1 } = attrs as unknown as Record<string, number>
    const inputs = Object.fromEntries([dys].flat().entries())
    // Here and not in the functions below: what one of those leaves to the other is disposed between them.
    const [x, bias] = runKernel<Pair>('AttuneMergeHeads', inputs, { parts, length, heads, sums: 1 })
    return { x: () => x, bias: () => bias }
  },
})

tf.registerGradient({
  kernelName: 'AttuneMergeHeads',
  gradFunc: (dys, _, attrs) => {
    const { length = 1, heads = 1 } = attrs as unknown as Record<string, number>
    const [dy] = dys as Pair
    const inputs = { x: dy, bias: tf.zeros([0]) }
    return { 0: () => runKernel<[tf.Tensor]>('AttuneSplitHeads', inputs, { parts: 1, length, heads })[0] }
  },
})

/**
 * softmax(q·kᵀ·factor + bias + mask)·v; q [batch, heads, queries, d], k and v [batch, heads, keys, d], mask and bias
 * broadcast against [batch, heads, queries, keys]. The bias is learned, the mask is not. Source: Vaswani et al. 2017.
 */
export function attend(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  mask: tf.Tensor,
  dropoutRate: number,
  rng: Rng | null,
  { factor = 1 / Math.sqrt(q.shape.at(-1) as number), bias }: { factor?: number; bias?: tf.Tensor } = {},
): tf.Tensor {
  const draw = drawOf(dropoutRate, rng)
  if (hasKernel('AttuneAttentionSoftmax') && mask.rank === 4) {
    const products = tf.matMul(q, k, false, true)
    if (!bias) return summed(q, k, v, fusedSoftmax(products, mask, factor, draw))
    const scores = tf.add(factor === 1 ? products : tf.mul(products, factor), bias)
    return summed(q, k, v, fusedSoftmax(scores, mask, 1, draw))
  }
  // q is scaled before the product, not the scores after it: TensorFlow's graph optimiser would fuse a product, a scale
  // and a mask into one operation whose kernel here is ten times slower.
  const products = tf.matMul(factor === 1 ? q : tf.mul(q, factor), k, false, true)
  const scores = bias ? tf.add(products, bias) : products
  return summed(q, k, v, dropped(tf.softmax(tf.add(scores, mask), -1), draw))
}

function summed(queries: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const sums = tf.matMul(weights, values)
  noteAttention({ queries, keys, values, weights, sums })
  return sums
}

/** dropout(softmax(scores·factor + mask)); scores [batch, heads, queries, keys]. The mask gets no gradient. */
function fusedSoftmax(scores: tf.Tensor, mask: tf.Tensor, factor: number, draw: Draw): tf.Tensor {
  const { stream, threshold, scale } = draw
  const attrs = { factor, stream, threshold, scale }
  const op = tf.customGrad((...args) => {
    const [x, save] = args as [tf.Tensor, tf.GradSaveFunc]
    const inputs = { scores: x, mask, state: draw.state }
    const [probabilities, kept] = runKernel<Pair>('AttuneAttentionSoftmax', inputs, attrs)
    save([probabilities, draw.state])
    return {
      value: threshold === 0 ? probabilities : kept,
      gradFunc: (dkept: tf.Tensor, saved: tf.Tensor[]) => {
        const [p, state] = saved as [tf.Tensor, tf.Tensor]
        const [dscores] = runKernel<[tf.Tensor]>(
          'AttuneAttentionSoftmaxGrad',
          { dkept, probabilities: p, state },
          attrs,
        )
        return dscores
      },
    }
  })
  return op(scores)
}

type Pair = [tf.Tensor, tf.Tensor]
