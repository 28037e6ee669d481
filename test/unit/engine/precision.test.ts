import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import type { SessionSpec, Values } from '../../../core/engine/engine.ts'
import { bothEngines, largestDifference, someValues } from '../../support/engines.ts'

const shape = [64, 64] as const
const matrix = { shape, dtype: 'float32' } as const

/** y = x·Wᵀ, and its gradients; x and W rounded to bfloat16 by the engine or, for the oracle, beforehand. */
function spec(precision: 'fp32' | 'bf16', halved: string[] = []): SessionSpec {
  return {
    variables: { w: matrix },
    optimized: [],
    precision,
    halved,
    programs: {
      product: {
        feeds: { x: matrix },
        run({ x }, { w }) {
          const f = (a: tf.Tensor, b: tf.Tensor) =>
            tf.sum(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, false, true)) as tf.Scalar
          const { grads } = tf.valueAndGrads(f)([x as tf.Tensor, w as tf.Tensor])
          const y = tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, false, true)
          return { fetches: { y, dx: grads[0] as tf.Tensor, w: tf.mul(w as tf.Tensor, 1) } }
        },
      },
    },
  }
}

async function compute(precision: 'fp32' | 'bf16', x: Float32Array, w: Float32Array, halved: string[] = []) {
  const session = await (await bothEngines()).graph.open(spec(precision, halved))
  try {
    session.write({ w })
    const fetched: Record<string, Values> = session.run('product', { x })
    const { y, dx, w: read } = fetched as Record<'y' | 'dx' | 'w', Float32Array>
    return { y, dx, read, stored: session.read(['w']).w, info: session.engine }
  } finally {
    session.close()
  }
}

/** To the nearest bfloat16, ties to even, as the hardware rounds. */
function rounded(values: Float32Array): Float32Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer)
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] as number
    bits[i] = ((word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000) >>> 0
  }
  return new Float32Array(bits.buffer)
}

describe('precision bf16', () => {
  const x = someValues(64 * 64, 1)
  const w = someValues(64 * 64, 2)

  test('rounds the operands of products, and a product of rounded operands is right to the result’s own 8 bits', async () => {
    const half = await compute('bf16', x, w)
    const exact = await compute('fp32', rounded(x), rounded(w))
    const full = await compute('fp32', x, w)
    const largest = Math.max(...exact.y.map(Math.abs))
    expect(largestDifference(half.y, exact.y)).toBeLessThan(largest / 256)
    expect(largestDifference(half.y, full.y)).toBeGreaterThan(0)
    expect(half.info.precision).toBe('bf16')
  })

  test('leaves everything but products in float32', async () => {
    const half = await compute('bf16', x, w)
    expect(half.read).toEqual(w)
    expect(half.stored).toEqual(w)
  })

  test('a halved variable is kept in bfloat16 and gives the same products', async () => {
    const half = await compute('bf16', x, w)
    const halved = await compute('bf16', x, w, ['w'])
    expect(halved.y).toEqual(half.y)
    expect(halved.dx).toEqual(half.dx)
    expect(halved.stored).toEqual(rounded(w))
  })

  test('"auto" is decided by the machine, and the same each time', async () => {
    const { graph, eager } = await bothEngines()
    const chosen = await graph.precision('auto')
    expect(['fp32', 'bf16']).toContain(chosen)
    expect(await graph.precision('auto')).toBe(chosen)
    expect(await graph.precision('fp32')).toBe('fp32')
    expect(await eager.precision('auto')).toBe('fp32')
    await expect(eager.precision('bf16')).rejects.toThrow('needs the graph engine')
  })
})
