import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import type { Program } from '../../../core/engine/engine.ts'
import { kernelsLoaded } from '../../../core/engine/native/kernels.ts'
import { attend, causalMask, mergeHeads, paddingMask, splitHeads, splitParts } from '../../../core/nn/attention.ts'
import { dropout } from '../../../core/nn/dropout.ts'
import { clipByGlobalNorm } from '../../../core/nn/global-norm.ts'
import { headCrossEntropy, judgeHead } from '../../../core/nn/head-loss.ts'
import { activated } from '../../../core/nn/linear.ts'
import { layerNorm, residualNorm } from '../../../core/nn/norm.ts'
import { paramsOf } from '../../../core/nn/params.ts'
import { residual } from '../../../core/nn/residual.ts'
import { bothEngines, largestDifference, runOnBoth, someValues } from '../../support/engines.ts'
import { expectSame, type FusedCase, feedsOf, nodesOf, programOf } from '../../support/fused-case.ts'
import { trainBlockOnBoth } from '../../support/trained-block.ts'

/**
 * The operations of core/engine/native/kernels, which only the graph engine has, against what the eager one does
 * instead: values and gradients. Rows of 37 end amid a vector; those of 600, 70 of them, are worked on in parts.
 */

const t = (tensors: readonly tf.Tensor[], i: number) => tensors[i] as tf.Tensor
const unbiased = (tensors: readonly tf.Tensor[]) => ({ product: t(tensors, 0), bias: t(tensors, 1) })

function rows(count: number, width: number): Record<string, FusedCase> {
  const matrix = [count, width]
  const vector = [width]
  const named = (gain: tf.Tensor, shift: tf.Tensor) => paramsOf({ weight: gain, bias: shift })
  return {
    ...Object.fromEntries(
      ['gelu', 'gelu_new', 'relu'].map((name): [string, FusedCase] => [
        `bias and ${name}`,
        {
          shapes: [matrix, vector],
          nodes: ['AttuneBiasActivation', 'AttuneBiasActivationGrad'],
          run: (given) => activated(unbiased(given), name),
        },
      ]),
    ),
    'layer norm': {
      shapes: [matrix, vector, vector],
      nodes: ['AttuneLayerNorm', 'AttuneLayerNormGrad'],
      run: (given) => layerNorm(named(t(given, 1), t(given, 2)), t(given, 0), 1e-5),
    },
    'dropout, residual and layer norm': {
      shapes: [matrix, vector, matrix, vector, vector],
      nodes: ['AttuneResidualNorm', 'AttuneResidualNormGrad'],
      run: (given, rng) => residualNorm(named(t(given, 3), t(given, 4)), unbiased(given), t(given, 2), 0.3, rng, 1e-5),
    },
    'residual and layer norm': {
      shapes: [matrix, vector, matrix, vector, vector],
      nodes: ['AttuneResidualNorm', 'AttuneResidualNormGrad'],
      run: (given, rng) => residualNorm(named(t(given, 3), t(given, 4)), unbiased(given), t(given, 2), 0, rng, 1e-5),
    },
    'dropout and residual': {
      shapes: [matrix, vector, matrix],
      nodes: ['AttuneResidual', 'AttuneResidualGrad'],
      run: (given, rng) => residual(t(given, 2), unbiased(given), 0.3, rng),
    },
    'a sum of four': {
      shapes: [matrix, matrix, matrix],
      nodes: ['AttuneSum'],
      run: (given) => tf.add(tf.add(t(given, 0), tf.add(t(given, 1), t(given, 2))), tf.square(t(given, 0))),
    },
    'a sum of a list': {
      shapes: [matrix, matrix, matrix],
      nodes: ['AttuneSum'],
      run: (given) => tf.addN(given),
    },
    dropout: {
      shapes: [matrix],
      nodes: ['AttuneDropout'],
      run: ([x], rng) => dropout(x as tf.Tensor, 0.4, rng),
    },
  }
}

/** Three texts of `length` tokens, four heads of `size`. */
function attention(length: number, size: number): Record<string, FusedCase> {
  const matrix = [3 * length, 4 * size]
  const vector = [4 * size]
  const seen = Int32Array.from({ length: 3 * length }, (_, i) => (i % length < length - (i >= length ? 3 : 0) ? 1 : 0))
  const mask = () => paddingMask(tf.tensor(seen, [3, length], 'int32'))
  const segments = () =>
    tf.tensor(
      Int32Array.from(seen, (_, i) => ((i % length) / 4) | 0),
      [3, length],
      'int32',
    )
  const nodes = ['AttuneSplitHeads', 'AttuneMergeHeads', 'AttuneAttentionSoftmax', 'AttuneAttentionSoftmaxGrad']
  return {
    'attention behind padding, with dropout': {
      shapes: [matrix, vector, matrix, vector, matrix, vector],
      nodes,
      run(given, rng) {
        const heads = (i: number) => splitHeads({ product: t(given, i), bias: t(given, i + 1) }, 3, length, 4)
        return mergeHeads(attend(heads(0), heads(2), heads(4), mask(), 0.2, rng))
      },
    },
    'attention of a decoder, query, key and value side by side': {
      shapes: [[3 * length, 12 * size], [12 * size]],
      nodes,
      run(given, rng) {
        const [q, k, v] = splitParts(unbiased(given), 3, 3, length, 4) as [tf.Tensor, tf.Tensor, tf.Tensor]
        return mergeHeads(attend(q, k, v, causalMask(length, segments()), 0, rng))
      },
    },
    'heads without a bias': {
      shapes: [matrix],
      nodes: ['AttuneSplitHeads', 'AttuneMergeHeads'],
      run: ([x]) => tf.tanh(splitHeads({ product: x as tf.Tensor, bias: null }, 3, length, 4)),
    },
  }
}

const cases: Record<string, FusedCase> = {
  ...Object.fromEntries(Object.entries(rows(5, 37)).map(([name, one]) => [`${name}, 5 × 37`, one])),
  ...Object.fromEntries(Object.entries(rows(70, 600)).map(([name, one]) => [`${name}, 70 × 600`, one])),
  ...Object.fromEntries(Object.entries(attention(7, 5)).map(([name, one]) => [`${name}, 7 × 5`, one])),
  ...Object.fromEntries(Object.entries(attention(48, 32)).map(([name, one]) => [`${name}, 48 × 32`, one])),
}

test('they are there: set-up compiles them, and without them the other tests here show nothing', async () => {
  await bothEngines()
  expect(kernelsLoaded()).toBe(true)
})

describe('the fused operations do what the composed ones do', () => {
  test.each(Object.keys(cases))('%s', (name) => expectSame(cases[name] as FusedCase))

  test('the loss of a language model, in pieces, and its judgement', async () => {
    const [n, d, vocabulary] = [9, 12, 53] as const
    const head: Program = {
      feeds: {
        hidden: { shape: [n, d], dtype: 'float32' },
        matrix: { shape: [vocabulary, d], dtype: 'float32' },
        labels: { shape: [n], dtype: 'int32' },
        weights: { shape: [n], dtype: 'float32' },
      },
      run({ hidden, matrix, labels, weights }) {
        const f = (h: tf.Tensor, m: tf.Tensor) =>
          headCrossEntropy(h, m, labels as tf.Tensor, weights as tf.Tensor, 4 * vocabulary) as tf.Scalar
        const { value, grads } = tf.valueAndGrads(f)([hidden as tf.Tensor, matrix as tf.Tensor])
        const { loss, right } = judgeHead(hidden as tf.Tensor, matrix as tf.Tensor, labels as tf.Tensor)
        return { fetches: { value, dh: grads[0] as tf.Tensor, dm: grads[1] as tf.Tensor, loss, right } }
      },
    }
    const { graph, eager } = await runOnBoth(head, {
      hidden: someValues(n * d, 1, -2, 2),
      matrix: someValues(vocabulary * d, 2),
      labels: Int32Array.from({ length: n }, (_, i) => (i * 17) % vocabulary),
      weights: someValues(n, 3, 0, 1),
    })
    for (const [fetch, values] of Object.entries(eager))
      expect(largestDifference(values, graph[fetch] ?? []), fetch).toBeLessThan(5e-6)
  })

  test('the global norm, and what clipping leaves', async () => {
    const shape = [70, 600] as const
    const clipping: Program = {
      feeds: { a: { shape, dtype: 'float32' }, b: { shape: [5], dtype: 'float32' } },
      run({ a, b }) {
        const { clipped, norm } = clipByGlobalNorm([a as tf.Tensor, b as tf.Tensor], 2)
        return { fetches: { norm, a: clipped[0] as tf.Tensor, b: clipped[1] as tf.Tensor } }
      },
    }
    const { graph, eager } = await runOnBoth(clipping, { a: someValues(42_000, 1), b: someValues(5, 2) })
    expect(largestDifference(graph.norm ?? [], eager.norm ?? [])).toBeLessThan(1e-4)
    expect(largestDifference(graph.a ?? [], eager.a ?? [])).toBeLessThan(1e-7)
    expect(largestDifference(graph.b ?? [], eager.b ?? [])).toBeLessThan(1e-7)
    expect(await nodesOf(clipping)).toContain('AttuneGlobalNorm')
  })

  test('a block over an embedding is trained to the same weights', async () => {
    const { graph, eager } = await trainBlockOnBoth()
    for (const [name, values] of Object.entries(eager))
      expect(largestDifference(values, graph[name] ?? []), name).toBeLessThan(2e-5)
  })

  test('what is no number stays so', async () => {
    for (const name of ['bias and gelu, 5 × 37', 'dropout, residual and layer norm, 5 × 37']) {
      const one = cases[name] as FusedCase
      const feeds = feedsOf(one)
      ;(feeds.x0 as Float32Array)[3] = Number.NaN
      const session = await (await bothEngines()).graph.open({
        variables: {},
        optimized: [],
        programs: { main: programOf(one) },
      })
      const { y } = session.run('main', feeds)
      session.close()
      expect(Array.from(y ?? []).some(Number.isNaN), name).toBe(true)
    }
  })
})
