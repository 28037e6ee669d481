import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { gru, gruParameters } from '../../../core/nn/gru.ts'
import { lstm, lstmParameters } from '../../../core/nn/lstm.ts'
import { type Params, paramsOf } from '../../../core/nn/params.ts'
import { rngOf } from '../../../core/nn/random.ts'
import type { RecurrentOptions, RecurrentSizes } from '../../../core/nn/recurrent.ts'
import { largestDifference, selectEagerBackend, someValues } from '../../support/engines.ts'
import { errorOf } from '../../support/temporary.ts'

await selectEagerBackend()

const sizes: RecurrentSizes = { inputSize: 3, hiddenSize: 4, layers: 2, bidirectional: true }
const some = (shape: readonly number[], seed: number) =>
  tf.tensor(someValues(tf.util.sizeFromShape([...shape]), seed), [...shape])

interface Kind {
  readonly name: string
  readonly gates: number
  readonly states: number
  readonly parametersOf: typeof lstmParameters
  run(
    params: Params,
    x: tf.Tensor,
    options?: RecurrentOptions,
    state?: readonly tf.Tensor[],
  ): { y: tf.Tensor; state: readonly tf.Tensor[] }
}

const kinds: Kind[] = [
  {
    ...{ name: 'an LSTM', gates: 4, states: 2, parametersOf: lstmParameters },
    run(params, x, options, [h0, c0] = []) {
      const { y, h, c } = lstm(params, x, { ...options, state: h0 && c0 ? { h: h0, c: c0 } : null })
      return { y, state: [h, c] }
    },
  },
  {
    ...{ name: 'a GRU', gates: 3, states: 1, parametersOf: gruParameters },
    run(params, x, options, [h0] = []) {
      const { y, h } = gru(params, x, { ...options, h0: h0 ?? null })
      return { y, state: [h] }
    },
  },
]

function expectClose(a: tf.Tensor, b: tf.Tensor): void {
  expect(a.shape).toEqual(b.shape)
  expect(largestDifference(a.dataSync(), b.dataSync())).toBeLessThan(1e-6)
}

describe.each(kinds)('$name', ({ name, gates, states, parametersOf, run }) => {
  const tensors = (of: RecurrentSizes) =>
    Object.fromEntries(Object.entries(parametersOf(of)).map(([key, { shape }], i) => [key, some(shape, i + 1)]))
  const paramsFor = (of: RecurrentSizes) => paramsOf(tensors(of))
  const stateFor = (batch: number, layers = 4) =>
    Array.from({ length: states }, (_, i) => some([layers, batch, 4], 40 + i))

  test("has the parameters' names, shapes and beginnings of PyTorch's", () => {
    const rows = gates * 4
    const specs = parametersOf(sizes)
    const of = (end: string, width: number) => ({
      [`weight_ih_${end}`]: [rows, width],
      [`weight_hh_${end}`]: [rows, 4],
      [`bias_ih_${end}`]: [rows],
      [`bias_hh_${end}`]: [rows],
    })
    const shapes = { ...of('l0', 3), ...of('l0_reverse', 3), ...of('l1', 8), ...of('l1_reverse', 8) }
    expect(Object.fromEntries(Object.entries(specs).map(([key, { shape }]) => [key, shape]))).toEqual(shapes)
    expect(Object.keys(specs)).toEqual(Object.keys(shapes))
    expect(Object.values(specs).every(({ init }) => init.kind === 'uniform' && init.bound === 0.5)).toBe(true)
  })

  test('may lack biases, which is as good as zeros', () => {
    const x = some([2, 3, 3], 20)
    const zeroed = Object.entries(tensors(sizes)).map(
      ([key, value]) => [key, key.startsWith('bias') ? tf.zerosLike(value) : value] as const,
    )
    const bare = zeroed.filter(([key]) => !key.startsWith('bias'))
    expectClose(run(paramsOf(Object.fromEntries(bare)), x).y, run(paramsOf(Object.fromEntries(zeroed)), x).y)
  })

  describe('with rows of different lengths', () => {
    const lengths = [5, 2, 0]
    const x = some([3, 5, 3], 21)
    const padded = (begin?: readonly tf.Tensor[]) =>
      run(paramsFor(sizes), x, { lengths: tf.tensor1d(lengths, 'int32') }, begin)

    test.each([0, 1])('row %i gives what it gives alone and unpadded, then zeros', (row) => {
      const length = lengths[row] as number
      const alone = run(paramsFor(sizes), tf.slice(x, [row, 0, 0], [1, length, 3]))
      const { y, state } = padded()
      expectClose(tf.slice(y, [row, 0, 0], [1, length, 8]), alone.y)
      const behind = tf.slice(y, [row, length, 0], [1, 5 - length, 8]).dataSync()
      expect(behind.every((value) => value === 0)).toBe(true)
      for (const [i, part] of state.entries()) {
        expectClose(tf.slice(part, [0, row, 0], [4, 1, 4]), alone.state[i] as tf.Tensor)
      }
    })

    test('a row that never begins keeps the state it was given', () => {
      const given = stateFor(3)
      const kept = (part: tf.Tensor) => Array.from(tf.slice(part, [0, 2, 0], [4, 1, 4]).dataSync())
      expect(padded(given).state.map(kept)).toEqual(given.map(kept))
    })
  })

  test('in two halves, the second begun with the state of the first, is the whole', () => {
    const params = paramsFor({ ...sizes, bidirectional: false })
    const x = some([2, 6, 3], 24)
    const whole = run(params, x)
    const first = run(params, tf.slice(x, [0, 0, 0], [2, 4, 3]))
    const second = run(params, tf.slice(x, [0, 4, 0], [2, 2, 3]), {}, first.state)
    expectClose(tf.concat([first.y, second.y], 1), whole.y)
    expect(second.state).toHaveLength(states)
    for (const [i, part] of second.state.entries()) expectClose(part, whole.state[i] as tf.Tensor)
  })

  describe('with dropout', () => {
    const drawn = (of: RecurrentSizes, step: number | null) => {
      const rng = step === null ? null : rngOf(tf.tensor1d([7, step], 'int32'))
      return Array.from(run(paramsFor(of), some([2, 3, 3], 25), { dropout: 0.5, rng }).y.dataSync())
    }

    test('drops between layers, by the step alone', () => {
      expect(drawn(sizes, 1)).toEqual(drawn(sizes, 1))
      expect(drawn(sizes, 1)).not.toEqual(drawn(sizes, 2))
      expect(drawn(sizes, 1)).not.toEqual(drawn(sizes, null))
    })

    test('drops nothing with a single layer', () => {
      const single = { ...sizes, layers: 1 }
      expect(drawn(single, 1)).toEqual(drawn(single, null))
    })
  })

  const tooMany = tf.tensor1d([1, 2, 3], 'int32')
  test.each([
    ['[2,3,5]', () => run(paramsFor(sizes), some([2, 3, 5], 26))],
    ['[6,3]', () => run(paramsFor(sizes), some([6, 3], 26))],
    ['The list of lengths given', () => run(paramsFor(sizes), some([2, 3, 3], 26), { lengths: tooMany })],
    ['[4,1,4]', () => run(paramsFor(sizes), some([2, 3, 3], 26), {}, stateFor(1))],
    ['[2,2,4]', () => run(paramsFor(sizes), some([2, 3, 3], 26), {}, stateFor(2, 2))],
    ['no parameters of', () => run(paramsOf({}).at('rnn'), some([2, 3, 3], 1))],
  ])('refuses what does not fit, with %s in the sentence', async (words, act) => {
    const { message } = await errorOf('bad_request', act)
    expect(message).toContain(words)
    expect(message).toContain(name)
  })

  test("refuses another kind's weights", async () => {
    const foreign = (kinds.find((other) => other.name !== name) as Kind).parametersOf(sizes)
    const params = paramsOf(
      Object.fromEntries(Object.entries(foreign).map(([key, { shape }]) => [key, tf.zeros([...shape])])),
    )
    expect((await errorOf('bad_request', () => run(params, some([2, 3, 3], 1)))).message).toContain('The weight')
  })
})
