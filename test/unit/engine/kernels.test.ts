import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { largestDifference, runOnBoth, someValues } from '../../support/engines.ts'

/** Every traced operation against tfjs-node's eager one, on the same numbers. x [2, 3, 4], y [3, 4], positive p [2, 3, 4], ids [5]. */
const feeds = {
  x: { shape: [2, 3, 4], dtype: 'float32' },
  y: { shape: [3, 4], dtype: 'float32' },
  p: { shape: [2, 3, 4], dtype: 'float32' },
  ids: { shape: [5], dtype: 'int32' },
} as const

interface Given {
  x: tf.Tensor
  y: tf.Tensor
  p: tf.Tensor
  ids: tf.Tensor
}

const float = (x: tf.Tensor) => tf.cast(x, 'float32')
const rows = (x: tf.Tensor) => tf.reshape(x, [6, 4])

const operations: Record<string, (given: Given) => tf.Tensor> = {
  'add, broadcast': ({ x, y }) => tf.add(x, y),
  'sub, mul, div': ({ x, y, p }) => tf.div(tf.mul(tf.sub(x, y), x), p),
  'maximum, minimum, pow': ({ x, y, p }) => tf.pow(p, tf.maximum(tf.minimum(x, y), -0.5)),
  squaredDifference: ({ x, y }) => tf.squaredDifference(x, y),
  addN: ({ x, p }) => tf.addN([x, p, x]),
  comparisons: ({ x, y }) =>
    tf.add(
      float(tf.logicalAnd(tf.greater(x, y), tf.lessEqual(x, 0.5))),
      float(tf.logicalOr(tf.less(x, y), tf.logicalNot(tf.greaterEqual(x, y)))),
    ),
  'equal, notEqual': ({ ids }) => tf.add(float(tf.equal(ids, 1)), float(tf.notEqual(ids, 2))),
  'unary one': ({ x }) => tf.addN([tf.abs(x), tf.ceil(x), tf.cos(x), tf.erf(x), tf.exp(x), tf.floor(x)]),
  'unary two': ({ p }) => tf.addN([tf.log(p), tf.log1p(p), tf.neg(p), tf.reciprocal(p), tf.relu(p), tf.rsqrt(p)]),
  'unary three': ({ x }) => tf.addN([tf.sigmoid(x), tf.sign(x), tf.sin(x), tf.softplus(x), tf.square(x), tf.tanh(x)]),
  step: ({ x }) => tf.add(tf.step(x), tf.step(x, 0.25)),
  sqrt: ({ p }) => tf.sqrt(p),
  'isNaN, isFinite': ({ x, p }) => tf.add(float(tf.isNaN(x)), float(tf.isFinite(p))),
  'sum, mean': ({ x }) => tf.add(tf.sum(x, [0, 2]), tf.mean(x, [0, -1])),
  'max, min, prod, keeping dimensions': ({ x }) =>
    tf.add(tf.add(tf.max(x, 1, true), tf.min(x, 1, true)), tf.prod(x, 1, true)),
  'sum of everything': ({ x }) => tf.sum(x),
  'sum over an axis of one': ({ x }) => tf.sum(tf.reshape(x, [2, 1, 12]), 1),
  argMax: ({ x }) => float(tf.argMax(x, 1)),
  topk: ({ x }) => {
    const { values, indices } = tf.topk(x, 3)
    return tf.add(values, float(indices))
  },
  softmax: ({ x }) => tf.softmax(x),
  logSoftmax: ({ x }) => tf.logSoftmax(x),
  transpose: ({ x }) => tf.transpose(x, [2, 0, 1]),
  'matMul, two dimensions': ({ x, y }) => tf.matMul(rows(x) as tf.Tensor2D, y as tf.Tensor2D, false, true),
  'matMul, first transposed': ({ x }) => tf.matMul(rows(x) as tf.Tensor2D, rows(x) as tf.Tensor2D, true, false),
  'matMul, batches': ({ x, p }) => tf.matMul(x, p, false, true),
  'matMul, a batch of one': ({ x, y }) => tf.matMul(tf.reshape(x, [1, 6, 4]), tf.reshape(y, [1, 3, 4]), false, true),
  'split, concat': ({ x }) => tf.concat(tf.split(x, [1, 3], 2).reverse(), 2),
  'stack, unstack': ({ x }) => tf.stack(tf.unstack(x, 1).reverse(), 0),
  slice: ({ x }) => tf.slice(x, [0, 1, 1], [-1, 2, 2]),
  pad: ({ x }) =>
    tf.pad(
      x,
      [
        [0, 1],
        [2, 0],
        [1, 1],
      ],
      0.25,
    ),
  gather: ({ y, ids }) => tf.gather(y, ids),
  'gather, second axis': ({ y, ids }) => tf.gather(y, ids, 1),
  unsortedSegmentSum: ({ ids }) => tf.unsortedSegmentSum(float(ids), ids as tf.Tensor1D, 4),
  oneHot: ({ ids }) => float(tf.oneHot(ids, 4)),
  tile: ({ y }) => tf.tile(y, [2, 3]),
  broadcastTo: ({ y }) => tf.broadcastTo(y, [2, 3, 4]),
  where: ({ x, p }) => tf.where(tf.greater(x, 0), x, p),
  clipByValue: ({ x }) => tf.clipByValue(x, -0.25, 0.5),
  'zeros, ones, fill': ({ x }) => tf.addN([tf.zerosLike(x), tf.onesLike(x), tf.fill([2, 3, 4], 3)]),
  'a literal': ({ y }) => tf.mul(y, tf.tensor2d([[1, -2, 3, 4]])),
  'reshape, expandDims': ({ x }) => tf.expandDims(tf.reshape(x, [4, -1]), 1),
}

const values = {
  x: someValues(24, 7),
  y: someValues(12, 8),
  p: someValues(24, 9, 0.5, 2),
  ids: Int32Array.of(0, 2, 1, 2, 0),
}

describe('the graph engine computes what the eager one does', () => {
  test.each(Object.keys(operations))('%s', async (name) => {
    const operation = operations[name] as (given: Given) => tf.Tensor
    const result = await runOnBoth(
      { feeds, run: (fed) => ({ fetches: { out: operation(fed as unknown as Given) } }) },
      values,
    )
    expect(result.graph.out?.length).toBeGreaterThan(0)
    expect(largestDifference(result.graph.out as Float32Array, result.eager.out as Float32Array)).toBeLessThan(2e-6)
  })

  test('gradients through many operations at once', async () => {
    const f = (x: tf.Tensor, y: tf.Tensor) => {
      const mixed = tf.matMul(tf.softmax(rows(x)), tf.tanh(y) as tf.Tensor2D, false, true)
      const looked = tf.gather(y, tf.tensor1d([0, 2, 2], 'int32'))
      const part = tf.mul(tf.slice(mixed, [0, 0], [3, 3]), tf.mean(looked, 1, true))
      return tf.add(tf.sum(part), tf.mean(tf.div(tf.square(x), 2)))
    }
    const result = await runOnBoth(
      {
        feeds,
        run({ x, y }) {
          const { value, grads } = tf.valueAndGrads(f as (...args: tf.Tensor[]) => tf.Scalar)([
            x as tf.Tensor,
            y as tf.Tensor,
          ])
          return { fetches: { value, dx: grads[0] as tf.Tensor, dy: grads[1] as tf.Tensor } }
        },
      },
      values,
    )
    for (const fetch of ['value', 'dx', 'dy']) {
      expect(largestDifference(result.graph[fetch] as Float32Array, result.eager[fetch] as Float32Array)).toBeLessThan(
        2e-6,
      )
    }
  })

  test('a program that reads a computed value is refused while it is traced', async () => {
    const program = {
      feeds,
      run: ({ x }: Record<string, tf.Tensor>) => ({
        fetches: { out: tf.scalar((x as tf.Tensor).dataSync()[0] as number) },
      }),
    }
    await expect(runOnBoth(program, values)).rejects.toThrow('programs may not depend on data')
  })
})
