import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { gru, gruParameters } from '../../../core/nn/gru.ts'
import { lstm, lstmParameters } from '../../../core/nn/lstm.ts'
import { type Params, paramsOf } from '../../../core/nn/params.ts'
import type { RecurrentOptions, RecurrentSizes } from '../../../core/nn/recurrent.ts'
import { bothEngines } from '../../support/engines.ts'
import { expectSame, type FusedCase, feedsOf, programOf } from '../../support/fused-case.ts'

/** The recurrences of core/engine/native/kernels against tfjs's operations step by step: values and gradients. */

interface Kind {
  readonly nodes: readonly string[]
  /** Tensors of its state. */
  readonly states: number
  readonly parametersOf: typeof lstmParameters
  /** y and the state at the rows' ends. `begin` is empty or the state to begin with. */
  run(params: Params, x: tf.Tensor, begin: readonly tf.Tensor[], options: RecurrentOptions): readonly tf.Tensor[]
}

const kinds: Record<'lstm' | 'gru', Kind> = {
  lstm: {
    nodes: ['AttuneLstm', 'AttuneLstmGrad'],
    states: 2,
    parametersOf: lstmParameters,
    run(params, x, [h0, c0], options) {
      const { y, h, c } = lstm(params, x, { ...options, state: h0 && c0 ? { h: h0, c: c0 } : null })
      return [y, h, c]
    },
  },
  gru: {
    nodes: ['AttuneGru', 'AttuneGruGrad'],
    states: 1,
    parametersOf: gruParameters,
    run(params, x, [h0], options) {
      const { y, h } = gru(params, x, { ...options, h0: h0 ?? null })
      return [y, h]
    },
  },
}

interface Layout {
  readonly batch: number
  readonly steps: number
  readonly sizes: RecurrentSizes
  /** Rows end earlier, one of them before it begins. */
  readonly ends?: boolean
  /** They begin with a state, and their states at the end count. */
  readonly begun?: boolean
  readonly dropout?: number
}

const sizesOf = (inputSize: number, hiddenSize: number, layers = 1, bidirectional = false): RecurrentSizes => ({
  inputSize,
  hiddenSize,
  layers,
  bidirectional,
})

/** Widths around those of vectors and panels, and rows around those that are multiplied at once. */
const layouts: Record<string, Layout> = {
  plain: { batch: 2, steps: 4, sizes: sizesOf(3, 16) },
  'one row, one step and one unit': { batch: 1, steps: 1, sizes: sizesOf(1, 1), begun: true },
  'both directions, rows of different lengths': {
    ...{ batch: 5, steps: 7, sizes: sizesOf(6, 37, 1, true) },
    ...{ ends: true, begun: true },
  },
  'two layers in both directions, with dropout': {
    ...{ batch: 14, steps: 6, sizes: sizesOf(9, 20, 2, true) },
    ...{ ends: true, dropout: 0.3 },
  },
  'more units than a panel is wide': {
    ...{ batch: 25, steps: 9, sizes: sizesOf(5, 150, 2) },
    ...{ ends: true, begun: true },
  },
}

function caseOf(kind: Kind, { batch, steps, sizes, ends, begun, dropout = 0 }: Layout): FusedCase {
  const parameters = Object.entries(kind.parametersOf(sizes))
  const state = [sizes.layers * (sizes.bidirectional ? 2 : 1), batch, sizes.hiddenSize]
  const states = begun ? kind.states : 0
  const lengths = Int32Array.from({ length: batch }, (_, i) => (i === 1 ? 0 : steps - ((i * 3) % steps)))
  return {
    shapes: [
      [batch, steps, sizes.inputSize],
      ...Array.from({ length: states }, () => state),
      ...parameters.map(([, { shape }]) => shape),
    ],
    nodes: kind.nodes,
    run(given, rng) {
      // As small as those of a real one: with large ones, rounding grows from step to step.
      const scale = 0.5 / Math.sqrt(sizes.hiddenSize)
      const weight = (i: number) => tf.mul(given[1 + states + i] as tf.Tensor, scale)
      const params = paramsOf(Object.fromEntries(parameters.map(([name], i) => [name, weight(i)])))
      const options = { lengths: ends ? tf.tensor1d(lengths, 'int32') : null, dropout, rng }
      const parts = kind.run(params, given[0] as tf.Tensor, given.slice(1, 1 + states), options)
      return tf.concat((begun ? parts : parts.slice(0, 1)).map((part) => tf.reshape(part, [-1])))
    },
  }
}

describe.each(['lstm', 'gru'] as const)('the fused %s does what the composed one does', (kind) => {
  test.each(Object.keys(layouts))('%s', (name) => expectSame(caseOf(kinds[kind], layouts[name] as Layout)))

  test('what is no number stays so', async () => {
    const one = caseOf(kinds[kind], layouts.plain as Layout)
    const feeds = feedsOf(one)
    ;(feeds.x0 as Float32Array)[3] = Number.NaN
    const session = await (await bothEngines()).graph.open(specOf(one))
    const { y } = session.run('main', feeds)
    session.close()
    expect(Array.from(y ?? []).some(Number.isNaN)).toBe(true)
  })

  test('comes out bit for bit the same however its parts are shared out', async () => {
    const one = caseOf(kinds[kind], layouts['more units than a panel is wide'] as Layout)
    const session = await (await bothEngines()).graph.open(specOf(one))
    const told = Array.from({ length: 20 }, () => session.run('main', feedsOf(one)))
    session.close()
    expect(told.every((values) => Buffer.compare(bytesOf(values), bytesOf(told[0] ?? {})) === 0)).toBe(true)
  })

  test('a length beyond the steps is refused', async () => {
    const { parametersOf, run } = kinds[kind]
    const parameters = Object.entries(parametersOf(sizesOf(1, 1)))
    const params = () =>
      paramsOf(Object.fromEntries(parameters.map(([name, { shape }]) => [name, tf.ones([...shape])])))
    const session = await (await bothEngines()).graph.open({
      variables: {},
      optimized: [],
      programs: {
        main: {
          feeds: { lengths: { shape: [1], dtype: 'int32' } },
          run: ({ lengths }) => ({
            fetches: { y: run(params(), tf.ones([1, 2, 1]), [], { lengths: lengths as tf.Tensor })[0] as tf.Tensor },
          }),
        },
      },
    })
    expect(() => session.run('main', { lengths: Int32Array.of(3) })).toThrow('a length is not within the steps')
    session.close()
  })
})

const specOf = (one: FusedCase) => ({ variables: {}, optimized: [], programs: { main: programOf(one) } })

function bytesOf(values: Readonly<Record<string, ArrayLike<number>>>): Buffer {
  return Buffer.concat(Object.values(values).map((part) => Buffer.from(Float32Array.from(part).buffer)))
}
