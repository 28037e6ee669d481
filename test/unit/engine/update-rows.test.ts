import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import type { Engine, Precision, SessionSpec } from '../../../core/engine/engine.ts'
import { updateRows } from '../../../core/nn/update-rows.ts'
import { bothEngines } from '../../support/engines.ts'

/** A variable of 6 rows of 4: two of them replaced, or as 3 rows of 8 the last one; what the program sees is the result. */
function spec(precision: Precision, halved: readonly string[] = []): SessionSpec {
  const assign = (value: tf.Tensor) => [{ kind: 'assign' as const, name: 'kept', value }]
  return {
    variables: { kept: { shape: [6, 4], dtype: 'float32' }, other: { shape: [6, 4], dtype: 'float32' } },
    optimized: [],
    precision,
    halved,
    inPlace: ['kept', 'other'],
    programs: {
      two: {
        feeds: { index: { shape: [2], dtype: 'int32' }, rows: { shape: [2, 4], dtype: 'float32' } },
        run({ index, rows }, { kept }) {
          const value = updateRows(kept as tf.Tensor, index as tf.Tensor, rows as tf.Tensor)
          return { fetches: { all: tf.mul(value, 1), first: tf.slice(value, [0, 0], [2, 4]) }, updates: assign(value) }
        },
      },
      wide: {
        feeds: { row: { shape: [1, 8], dtype: 'float32' } },
        run({ row }, { kept }) {
          const value = updateRows(tf.reshape(kept as tf.Tensor, [3, 8]), tf.tensor1d([2], 'int32'), row as tf.Tensor)
          return { fetches: { sum: tf.sum(value) }, updates: assign(tf.reshape(value, [6, 4])) }
        },
      },
      clear: {
        feeds: {},
        run() {
          const value = tf.zeros([6, 4])
          return {
            fetches: { done: tf.scalar(1) },
            updates: [...assign(value), { kind: 'assign', name: 'other', value }],
          }
        },
      },
    },
  }
}

const counting = Float32Array.from({ length: 24 }, (_, i) => i)

async function check(engine: Engine, precision: Precision, halved: readonly string[]) {
  const session = await engine.open(spec(precision, halved))
  try {
    // Both are given the same zeros, but what is written to one must not come up in the other.
    session.run('clear', {})
    session.run('two', { index: Int32Array.of(0, 3), rows: new Float32Array(8).fill(7) })
    session.run('two', { index: Int32Array.of(3, 0), rows: new Float32Array(8) })
    expect(session.read(['kept', 'other'])).toEqual({ kept: new Float32Array(24), other: new Float32Array(24) })
    session.run('two', { index: Int32Array.of(1, 2), rows: new Float32Array(8).fill(7) })
    expect(session.read(['other']).other).toEqual(new Float32Array(24))
    session.run('clear', {})
    expect(session.read(['kept']).kept).toEqual(new Float32Array(24))
    session.write({ kept: counting })
    const rows = Float32Array.of(1, 2, 3, 4, -1, -2, -3, -4)
    const expected = counting.slice()
    expected.set(rows.subarray(0, 4), 20)
    expected.set(rows.subarray(4), 4)
    const seen = session.run('two', { index: Int32Array.of(5, 1), rows })
    expect(seen.all).toEqual(expected)
    expect(seen.first).toEqual(expected.slice(0, 8))
    expect(session.read(['kept']).kept).toEqual(expected)
    const row = Float32Array.of(9, 8, 7, 6, 5, 4, 3, 2)
    expected.set(row, 16)
    expect(session.run('wide', { row }).sum?.[0]).toBe(expected.reduce((a, b) => a + b, 0))
    expect(session.read(['kept']).kept).toEqual(expected)
  } finally {
    session.close()
  }
}

describe('rows of a variable are replaced', () => {
  test('in the graph engine, where the variable lies', async () => {
    await check((await bothEngines()).graph, 'fp32', [])
  })

  test('and where it is kept in bfloat16', async () => {
    await check((await bothEngines()).graph, 'bf16', ['kept'])
  })

  test('in the eager engine', async () => {
    await check((await bothEngines()).eager, 'fp32', [])
  })

  test('a variable that is not listed for it is refused', async () => {
    const opening = (await bothEngines()).graph.open({ ...spec('fp32'), inPlace: ['other'] })
    await expect(opening).rejects.toThrow('does not list it')
  })

  test('a program that does not assign the result is refused', async () => {
    const { programs, ...rest } = spec('fp32')
    const { two } = programs
    if (!two) throw new Error('the program is missing')
    const forgetful = {
      feeds: two.feeds,
      run: (feeds: Record<string, tf.Tensor>, variables: Record<string, tf.Tensor>) => ({
        fetches: two.run(feeds, variables).fetches,
      }),
    }
    const opening = (await bothEngines()).graph.open({ ...rest, programs: { forgetful } })
    await expect(opening).rejects.toThrow('updates rows of a variable without assigning')
  })
})
