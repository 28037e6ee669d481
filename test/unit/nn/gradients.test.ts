import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { gelu, geluTanh } from '../../../core/nn/activations.ts'
import { attend, mergeHeads, paddingMask, splitHeads } from '../../../core/nn/attention.ts'
import { clipByGlobalNorm } from '../../../core/nn/global-norm.ts'
import { headCrossEntropy, headLosses, headSmoothing, judgeHead } from '../../../core/nn/head-loss.ts'
import { smoothedCrossEntropy, weightedMean } from '../../../core/nn/losses.ts'
import { layerNorm } from '../../../core/nn/norm.ts'
import { paramsOf } from '../../../core/nn/params.ts'
import { largestDifference, selectEagerBackend, someValues } from '../../support/engines.ts'

await selectEagerBackend()

/** Gradients of Σ c·f(x…) for fixed c: by the function's own gradient, and by autodiff of the same maths composed. */
function bothGradients(
  own: (...xs: tf.Tensor[]) => tf.Tensor,
  composed: (...xs: tf.Tensor[]) => tf.Tensor,
  xs: tf.Tensor[],
) {
  const weigh =
    (f: (...xs: tf.Tensor[]) => tf.Tensor) =>
    (...args: tf.Tensor[]) => {
      const y = f(...args)
      return tf.sum(tf.mul(y, tf.tensor(someValues(y.size, 99), y.shape))) as tf.Scalar
    }
  const a = tf.valueAndGrads(weigh(own))(xs)
  const b = tf.valueAndGrads(weigh(composed))(xs)
  return {
    value: [a.value, b.value] as const,
    grads: a.grads.map((grad, i) => [grad, b.grads[i] as tf.Tensor] as const),
  }
}

function expectEqual(pairs: readonly (readonly [tf.Tensor, tf.Tensor])[], within: number) {
  for (const [a, b] of pairs) {
    expect(a.shape).toEqual(b.shape)
    expect(largestDifference(a.dataSync(), b.dataSync())).toBeLessThan(within)
  }
}

describe('gradients written by hand equal those of the composed operations', () => {
  test('layer norm', () => {
    const composed = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, -1, true)
      return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), weight), bias)
    }
    const own = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => layerNorm(paramsOf({ weight, bias }), x, 1e-5)
    const { value, grads } = bothGradients(own, composed, [
      tf.tensor(someValues(35, 1), [5, 7]),
      tf.tensor(someValues(7, 2, 0.5, 1.5)),
      tf.tensor(someValues(7, 3)),
    ])
    expectEqual([value, ...grads], 5e-6)
  })

  test('GELU, exact', () => {
    const composed = (x: tf.Tensor) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1))
    const { value, grads } = bothGradients(gelu, composed, [tf.tensor(someValues(40, 4, -4, 4))])
    expectEqual([value, ...grads], 5e-6)
  })

  test('cross-entropy, with rows of weight zero left out', () => {
    const labels = tf.tensor1d([0, 2, 1], 'int32')
    const weights = tf.tensor1d([1, 1, 0])
    const own = (logits: tf.Tensor) => weightedMean(smoothedCrossEntropy(logits, labels, 0), weights, tf.sum(weights))
    const composed = (logits: tf.Tensor) => {
      const picked = tf.sum(tf.mul(tf.logSoftmax(logits as tf.Tensor2D), tf.cast(tf.oneHot(labels, 4), 'float32')), 1)
      return tf.neg(tf.div(tf.sum(tf.slice(picked, [0], [2])), 2))
    }
    const { value, grads } = bothGradients(own, composed, [tf.tensor(someValues(12, 5, -3, 3), [3, 4])])
    expectEqual([value, ...grads], 5e-6)
  })

  test.each([7, 3, 1])('cross-entropy of a head, %i rows at once', (rowsAtOnce) => {
    const labels = tf.tensor1d([0, 2, 1, 4, 4, 0, 3], 'int32')
    const weights = tf.tensor1d([0.5, 0.25, 0, 1, 2, 0.125, 0.5])
    const classes = 5
    const own = (hidden: tf.Tensor, matrix: tf.Tensor) =>
      tf.add(
        headCrossEntropy(hidden, matrix, labels, weights, rowsAtOnce * classes),
        headSmoothing(hidden, matrix, labels, weights, 0.1),
      )
    const logits = (hidden: tf.Tensor, matrix: tf.Tensor) =>
      tf.matMul(hidden as tf.Tensor2D, matrix as tf.Tensor2D, false, true)
    const composed = (hidden: tf.Tensor, matrix: tf.Tensor) =>
      tf.sum(tf.mul(smoothedCrossEntropy(logits(hidden, matrix), labels, 0.1), weights))
    const hidden = tf.tensor(someValues(28, 7, -2, 2), [7, 4])
    const matrix = tf.tensor(someValues(20, 8, -2, 2), [5, 4])
    const { value, grads } = bothGradients(own, composed, [hidden, matrix])
    expectEqual([value, ...grads], 5e-6)
    const { loss, right } = judgeHead(hidden, matrix, labels, rowsAtOnce * classes)
    const first = tf.argMax(logits(hidden, matrix), 1)
    const hits = Array.from(first.dataSync(), (guess, i) => (guess === labels.dataSync()[i] ? 1 : 0))
    expectEqual([[loss, smoothedCrossEntropy(logits(hidden, matrix), labels, 0)]], 5e-6)
    expect(Array.from(right.dataSync())).toEqual(hits)
  })

  test.each([7, 3, 1])('the losses of a head one by one, %i rows at once', (rowsAtOnce) => {
    const labels = tf.tensor1d([0, 2, 1, 4, 4, 0, 3], 'int32')
    const logits = (hidden: tf.Tensor, matrix: tf.Tensor) =>
      tf.matMul(hidden as tf.Tensor2D, matrix as tf.Tensor2D, false, true)
    // Squared, so that what a row weighs depends on its loss.
    const { value, grads } = bothGradients(
      (hidden, matrix) => tf.square(headLosses(hidden, matrix, labels, rowsAtOnce * 5)),
      (hidden, matrix) => tf.square(smoothedCrossEntropy(logits(hidden, matrix), labels, 0)),
      [tf.tensor(someValues(28, 7, -2, 2), [7, 4]), tf.tensor(someValues(20, 8, -2, 2), [5, 4])],
    )
    expectEqual([value, ...grads], 5e-5)
  })
})

test('tanh-GELU stays within 5e-4 of the exact one', () => {
  const x = tf.tensor(someValues(200, 6, -5, 5))
  expect(largestDifference(gelu(x).dataSync(), geluTanh(x).dataSync())).toBeLessThan(5e-4)
})

describe('attention', () => {
  const [batch, length, heads, width] = [2, 5, 3, 4] as const
  const split = (product: tf.Tensor) => splitHeads({ product, bias: null }, batch, length, heads)
  const q = () => split(tf.tensor(someValues(batch * length * heads * width, 7), [batch * length, heads * width]))

  test('heads are split and merged without loss', () => {
    const x = tf.tensor(someValues(120, 7), [batch * length, heads * width])
    expect(mergeHeads(split(x)).dataSync()).toEqual(x.dataSync())
  })

  test('a masked position has no influence', () => {
    const mask = paddingMask(
      tf.tensor2d(
        [
          [1, 1, 1, 0, 0],
          [1, 1, 1, 1, 1],
        ],
        [2, 5],
        'int32',
      ),
    )
    const v = q()
    const changed = tf.add(v, tf.mul(tf.sub(1, tf.tensor4d([1, 1, 1, 0, 0, 1, 1, 1, 1, 1], [2, 1, 5, 1])), 100))
    const before = attend(q(), q(), v, mask, 0, null)
    const after = attend(q(), q(), changed, mask, 0, null)
    expect(largestDifference(before.dataSync(), after.dataSync())).toBeLessThan(1e-6)
  })
})

describe('clipping by the global norm', () => {
  const grads = () => [tf.tensor1d([3, 0]), tf.tensor2d([[0, 4]])]

  test('scales all to the given norm and says what it was', () => {
    const { clipped, norm } = clipByGlobalNorm(grads(), 1)
    expect(norm.dataSync()[0]).toBeCloseTo(5, 5)
    expect(clipped[0]?.dataSync()[0]).toBeCloseTo(0.6, 5)
    expect(clipped[1]?.dataSync()[1]).toBeCloseTo(0.8, 5)
  })

  test('leaves smaller gradients, and those under a norm of zero, as they are', () => {
    expect(clipByGlobalNorm(grads(), 10).clipped[0]?.dataSync()[0]).toBe(3)
    expect(clipByGlobalNorm(grads(), 0).clipped[1]?.dataSync()[1]).toBe(4)
  })
})
