import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { dropout } from '../../../core/nn/dropout.ts'
import { philox, philoxHalves } from '../../../core/nn/philox.ts'
import { rngOf } from '../../../core/nn/random.ts'
import { runOnBoth } from '../../support/engines.ts'

describe('Philox4x32-10', () => {
  // The known answers that the authors publish with their library (Random123, kat_vectors).
  test.each([
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])('known answer for key $key', ({ counter, key, words }) => {
    const block = Uint32Array.from(counter)
    philox(block, key[0] as number, key[1] as number)
    expect([...block]).toEqual(words)
  })

  test('draws depend on seed, stream and step, and are spread evenly', () => {
    const draws = philoxHalves(1, 2, 3, 4001)
    expect(draws).toEqual(philoxHalves(1, 2, 3, 4001))
    for (const other of [philoxHalves(2, 2, 3, 4001), philoxHalves(1, 3, 3, 4001), philoxHalves(1, 2, 4, 4001)]) {
      expect(other).not.toEqual(draws)
    }
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length / 65536
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / draws.length))
  })
})

describe('dropout', () => {
  const feeds = { x: { shape: [37, 29], dtype: 'float32' }, state: { shape: [2], dtype: 'int32' } } as const
  const ones = new Float32Array(37 * 29).fill(1)
  const masks = (rate: number) => ({
    feeds,
    run({ x, state }: Record<string, tf.Tensor>) {
      const rng = rngOf(state as tf.Tensor)
      return { fetches: { first: dropout(x as tf.Tensor, rate, rng), second: dropout(x as tf.Tensor, rate, rng) } }
    },
  })

  test('TensorFlow and JavaScript draw the same bits', async () => {
    const { graph, eager } = await runOnBoth(masks(0.3), { x: ones, state: Int32Array.of(42, 1234567) })
    expect(graph).toEqual(eager)
    expect(graph.first).not.toEqual(graph.second)
  })

  test('keeps the share it should, scaled so that the mean stays', async () => {
    const { eager } = await runOnBoth(masks(0.3), { x: ones, state: Int32Array.of(7, 1) })
    const kept = (eager.first as Float32Array).filter((value) => value !== 0)
    expect(kept.every((value) => Math.abs(value - 1 / 0.7) < 1e-4)).toBe(true)
    expect(Math.abs(kept.length / ones.length - 0.7)).toBeLessThan(4 * Math.sqrt((0.7 * 0.3) / ones.length))
  })

  test('without an rng, or at rate zero, it changes nothing', () => {
    const x = tf.tensor([1, 2, 3])
    expect(dropout(x, 0.5, null)).toBe(x)
    expect(dropout(x, 0, rngOf(tf.tensor1d([1, 1], 'int32')))).toBe(x)
  })
})
