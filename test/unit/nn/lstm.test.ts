import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { lstm, lstmParameters } from '../../../core/nn/lstm.ts'
import { paramsOf } from '../../../core/nn/params.ts'
import { rngOf } from '../../../core/nn/random.ts'
import type { RecurrentSizes } from '../../../core/nn/recurrent.ts'
import { largestDifference, selectEagerBackend, someValues } from '../../support/engines.ts'
import { errorOf } from '../../support/temporary.ts'

await selectEagerBackend()

const sizes: RecurrentSizes = { inputSize: 3, hiddenSize: 4, layers: 2, bidirectional: true }
const some = (shape: readonly number[], seed: number) =>
  tf.tensor(someValues(tf.util.sizeFromShape([...shape]), seed), [...shape])
const tensors = (of: RecurrentSizes) =>
  Object.fromEntries(Object.entries(lstmParameters(of)).map(([name, { shape }], i) => [name, some(shape, i + 1)]))
const paramsFor = (of: RecurrentSizes) => paramsOf(tensors(of))

function expectClose(a: tf.Tensor, b: tf.Tensor): void {
  expect(a.shape).toEqual(b.shape)
  expect(largestDifference(a.dataSync(), b.dataSync())).toBeLessThan(1e-6)
}

describe('the parameters of an LSTM', () => {
  test('have the names, shapes and beginnings of torch.nn.LSTM', () => {
    const specs = lstmParameters(sizes)
    expect(Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, shape]))).toEqual({
      ...{ weight_ih_l0: [16, 3], weight_hh_l0: [16, 4], bias_ih_l0: [16], bias_hh_l0: [16] },
      weight_ih_l0_reverse: [16, 3],
      weight_hh_l0_reverse: [16, 4],
      bias_ih_l0_reverse: [16],
      bias_hh_l0_reverse: [16],
      ...{ weight_ih_l1: [16, 8], weight_hh_l1: [16, 4], bias_ih_l1: [16], bias_hh_l1: [16] },
      weight_ih_l1_reverse: [16, 8],
      weight_hh_l1_reverse: [16, 4],
      bias_ih_l1_reverse: [16],
      bias_hh_l1_reverse: [16],
    })
    expect(Object.values(specs).every(({ init }) => init.kind === 'uniform' && init.bound === 0.5)).toBe(true)
  })

  test('may lack biases, which is as good as zeros', () => {
    const x = some([2, 3, 3], 20)
    const zeroed = Object.entries(tensors(sizes)).map(
      ([name, value]) => [name, name.startsWith('bias') ? tf.zerosLike(value) : value] as const,
    )
    const bare = zeroed.filter(([name]) => !name.startsWith('bias'))
    expectClose(lstm(paramsOf(Object.fromEntries(bare)), x).y, lstm(paramsOf(Object.fromEntries(zeroed)), x).y)
  })
})

describe('rows of different lengths', () => {
  const lengths = [5, 2, 0]
  const x = some([3, 5, 3], 21)
  const run = (input: tf.Tensor) => lstm(paramsFor(sizes), input, { lengths: tf.tensor1d(lengths, 'int32') })

  test.each([0, 1])('row %i gives what it gives alone and unpadded, then zeros', (row) => {
    const length = lengths[row] as number
    const alone = lstm(paramsFor(sizes), tf.slice(x, [row, 0, 0], [1, length, 3]))
    const { y, h, c } = run(x)
    expectClose(tf.slice(y, [row, 0, 0], [1, length, 8]), alone.y)
    expect(
      tf
        .slice(y, [row, length, 0], [1, 5 - length, 8])
        .dataSync()
        .every((value) => value === 0),
    ).toBe(true)
    expectClose(tf.slice(h, [0, row, 0], [4, 1, 4]), alone.h)
    expectClose(tf.slice(c, [0, row, 0], [4, 1, 4]), alone.c)
  })

  test('a row that never begins keeps the state it was given', () => {
    const state = { h: some([4, 3, 4], 22), c: some([4, 3, 4], 23) }
    const { h, c } = lstm(paramsFor(sizes), x, { lengths: tf.tensor1d(lengths, 'int32'), state })
    const kept = (part: tf.Tensor) => tf.slice(part, [0, 2, 0], [4, 1, 4])
    expect([kept(h).dataSync(), kept(c).dataSync()]).toEqual([kept(state.h).dataSync(), kept(state.c).dataSync()])
  })
})

test('two halves, the second begun with the state of the first, are the whole', () => {
  const forwards = { ...sizes, bidirectional: false }
  const params = paramsFor(forwards)
  const x = some([2, 6, 3], 24)
  const whole = lstm(params, x)
  const first = lstm(params, tf.slice(x, [0, 0, 0], [2, 4, 3]))
  const second = lstm(params, tf.slice(x, [0, 4, 0], [2, 2, 3]), { state: first })
  expectClose(tf.concat([first.y, second.y], 1), whole.y)
  expectClose(second.h, whole.h)
  expectClose(second.c, whole.c)
})

describe('dropout', () => {
  const run = (of: RecurrentSizes, step: number | null) => {
    const rng = step === null ? null : rngOf(tf.tensor1d([7, step], 'int32'))
    return Array.from(lstm(paramsFor(of), some([2, 3, 3], 25), { dropout: 0.5, rng }).y.dataSync())
  }

  test('stands between layers and depends on the step alone', () => {
    expect(run(sizes, 1)).toEqual(run(sizes, 1))
    expect(run(sizes, 1)).not.toEqual(run(sizes, 2))
    expect(run(sizes, 1)).not.toEqual(run(sizes, null))
  })

  test('is not there with a single layer', () => {
    const single = { ...sizes, layers: 1 }
    expect(run(single, 1)).toEqual(run(single, null))
  })
})

describe('what does not fit is refused', () => {
  const run = (shape: number[], options = {}) => lstm(paramsFor(sizes), some(shape, 26), options)
  const state = (batch: number) => ({ h: tf.zeros([4, batch, 4]), c: tf.zeros([4, batch, 4]) })

  test.each([
    ['[2,3,5]', () => run([2, 3, 5])],
    ['[6,3]', () => run([6, 3])],
    ['list of lengths given', () => run([2, 3, 3], { lengths: tf.tensor1d([1, 2, 3], 'int32') })],
    ['[4,1,4]', () => run([2, 3, 3], { state: state(1) })],
    ['no parameters of an LSTM at "lstm"', () => lstm(paramsOf({}).at('lstm'), some([2, 3, 3], 1))],
  ])('with %s in the sentence', async (words, act) => {
    expect((await errorOf('bad_request', act)).message).toContain(words)
  })
})
