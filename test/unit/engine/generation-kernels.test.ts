import type * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import type { Engine, Program, Session, SessionSpec } from '../../../core/engine/engine.ts'
import { traceSession } from '../../../core/engine/graph/session-graph.ts'
import { writeTensors } from '../../../core/engine/variables.ts'
import { blocksFor, type CacheLayout, cacheRows, cacheVariables, extendCache } from '../../../core/nn/kv-cache.ts'
import { timesRows } from '../../../core/nn/linear.ts'
import { bothEngines, largestDifference, someValues } from '../../support/engines.ts'

/** The operations of core/engine/native/kernels that writing text is made of, against what they stand for. */

async function withSession<T>(engine: Engine, spec: SessionSpec, work: (session: Session) => T): Promise<T> {
  const session = await engine.open(spec)
  try {
    return work(session)
  } finally {
    session.close()
  }
}

const operationsOf = async (spec: SessionSpec) => (await traceSession(spec)).builder.nodes.map(({ op }) => op)

/** As bfloat16 has it: the nearest of those whose lower 16 bits are zero, of two the one with an even last bit. */
function rounded(value: number): number {
  const bits = new DataView(new ArrayBuffer(4))
  bits.setFloat32(0, value)
  const word = bits.getUint32(0)
  bits.setUint32(0, ((word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000) >>> 0)
  return bits.getFloat32(0)
}

describe('a product of few rows', () => {
  const product = (rows: number, width: number, out: number, halved: boolean): SessionSpec => ({
    variables: { weight: { shape: [out, width], dtype: 'float32' } },
    optimized: [],
    programs: {
      main: {
        feeds: { x: { shape: [rows, width], dtype: 'float32' } },
        run: ({ x }, { weight }) => ({ fetches: { y: timesRows(x as tf.Tensor, weight as tf.Tensor) } }),
      },
    },
    precision: halved ? 'bf16' : 'fp32',
    halved: halved ? ['weight'] : [],
  })

  /** In float64. */
  function exact(x: Float32Array, weight: Float32Array, width: number): Float32Array {
    const [rows, out] = [x.length / width, weight.length / width]
    return Float32Array.from({ length: rows * out }, (_, at) => {
      const [row, column] = [Math.floor(at / out), at % out]
      let sum = 0
      for (let i = 0; i < width; i++) sum += (x[row * width + i] as number) * (weight[column * width + i] as number)
      return sum
    })
  }

  // Widths: less than a vector, one with a rest, four with none, several with a rest. 301 rows of 600 are several portions.
  const sizes = [
    [7, 5],
    [37, 3],
    [64, 33],
    [600, 301],
  ] as const
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i of them', async (rows) => {
    const { graph } = await bothEngines()
    for (const [width, out] of sizes) {
      for (const halved of [false, true]) {
        const spec = product(rows, width, out, halved)
        expect(await operationsOf(spec)).toContain('AttuneFewRows')
        const [x, weight] = [someValues(rows * width, 1), someValues(out * width, 2)]
        const kept = halved ? Float32Array.from(weight, rounded) : weight
        const y = await withSession(graph, spec, (session) => {
          session.write({ weight })
          return session.run('main', { x }).y ?? []
        })
        expect(largestDifference(y, exact(x, kept, width)), `${width} × ${out}, ${halved}`).toBeLessThan(2e-5)
      }
    }
  })

  test('one more is left to the matrix product', async () => {
    const operations = await operationsOf(product(9, 16, 4, false))
    expect(operations).toContain('MatMul')
    expect(operations).not.toContain('AttuneFewRows')
  })

  test('what is no number stays so, where it is', async () => {
    const { graph } = await bothEngines()
    const weight = someValues(5 * 37, 1)
    weight[37 + 36] = Number.NaN
    const y = await withSession(graph, product(2, 37, 5, true), (session) => {
      session.write({ weight })
      return Array.from(session.run('main', { x: someValues(2 * 37, 2) }).y ?? [])
    })
    expect(y.flatMap((value, i) => (Number.isNaN(value) ? [i] : []))).toEqual([1, 6])
  })
})

describe('attention over a cache', () => {
  const steps = 17
  const layouts: CacheLayout[] = [
    { layers: 2, batch: 3, heads: 2, size: 5, blockLength: 7, blocks: 3 },
    { layers: 1, batch: 1, heads: 12, size: 64, blockLength: 128, blocks: 2 },
    { layers: 1, batch: 2, heads: 4, size: 33, blockLength: 4, blocks: 8 },
  ]

  /** A token a text a step, and what it learns of those before it, in every layer. */
  function spec(layout: CacheLayout, halved: boolean): SessionSpec {
    const { layers, batch, heads, size, blocks } = layout
    const cache = cacheVariables(layout)
    const token = { shape: [batch, heads, 1, size], dtype: 'float32' as const }
    const step = (used: number): Program => ({
      feeds: {
        q: token,
        k: token,
        v: token,
        positions: { shape: [batch], dtype: 'int32' },
        rows: { shape: [batch * heads], dtype: 'int32' },
      },
      run({ q, k, v, positions, rows }, variables) {
        const where = { positions: positions as tf.Tensor, rows: rows as tf.Tensor, used }
        const { mix, updates } = extendCache(layout, variables, where)
        let y = q as tf.Tensor
        for (let layer = 0; layer < layers; layer++) y = mix(y, k as tf.Tensor, v as tf.Tensor, layer)
        return { fetches: { y }, updates: updates() }
      },
    })
    return {
      variables: cache,
      optimized: [],
      programs: Object.fromEntries(Array.from({ length: blocks }, (_, i) => [`step/${i + 1}`, step(i + 1)])),
      halved: halved ? Object.keys(cache) : [],
      inPlace: Object.keys(cache),
    }
  }

  /** What every step gives, one after the other, and what the cache holds in the end. */
  function outcomes(session: Session, layout: CacheLayout): Float32Array[] {
    const { batch, heads, size, blocks, blockLength } = layout
    const zeros = Object.entries(cacheVariables(layout)).map(
      ([name, { shape }]) => [name, new Float32Array(shape.reduce((a, b) => a * b, 1))] as const,
    )
    session.write(Object.fromEntries(zeros))
    const texts = Array.from({ length: steps }, (_, step) => {
      // Texts are at different places, and the second half of a long cache is reached as well.
      const late = blocks * blockLength > 100 ? 120 : 0
      const positions = Int32Array.from({ length: batch }, (_, b) => step + (late || b))
      const token = (kind: number) => someValues(batch * heads * size, 10 * step + kind, -2, 2)
      const feeds = { q: token(1), k: token(2), v: token(3), positions, rows: cacheRows(layout, positions) }
      const used = blocksFor(layout, Math.max(...positions))
      return (session.run(`step/${used}`, feeds).y as Float32Array).slice()
    })
    return [...texts, ...Object.values(session.read(Object.keys(cacheVariables(layout))))]
  }

  test.each(layouts)('$batch texts, $heads heads of $size, blocks of $blockLength', async (layout) => {
    expect(await operationsOf(spec(layout, false))).toContain('AttuneCachedAttention')
    const { graph, eager } = await bothEngines()
    const expected = await withSession(eager, spec(layout, false), (session) => outcomes(session, layout))
    for (const [halved, bound] of [
      [false, 3e-6],
      [true, 3e-2],
    ] as const) {
      const given = await withSession(graph, spec(layout, halved), (session) => outcomes(session, layout))
      for (const [i, values] of expected.entries())
        expect(largestDifference(values, given[i] ?? []), `${i}, ${halved}`).toBeLessThan(bound)
    }
    expect(expected[steps - 1]?.some((value) => Math.abs(value) > 0.05)).toBe(true)
  })

  test('a position beyond the cache is refused in words', async () => {
    const layout = layouts[0] as CacheLayout
    const { graph } = await bothEngines()
    const size = layout.batch * layout.heads * layout.size
    const feeds = { q: someValues(size), k: someValues(size), v: someValues(size), rows: new Int32Array(6) }
    await withSession(graph, spec(layout, false), (session) => {
      session.write(
        Object.fromEntries(
          Object.entries(cacheVariables(layout)).map(([name, { shape }]) => [
            name,
            new Float32Array((shape[0] as number) * (shape[1] as number)),
          ]),
        ),
      )
      const run = () => session.run('step/1', { ...feeds, positions: Int32Array.of(0, 21, 0) })
      expect(run).toThrow('a position lies beyond the cache')
    })
  })
})

describe('variables that stay as they are', () => {
  const spec = (size: number, halved: boolean, steady: boolean): SessionSpec => ({
    variables: { x: { shape: [size], dtype: 'float32' }, y: { shape: [3], dtype: 'float32' } },
    optimized: [],
    programs: {},
    halved: halved ? ['x', 'y'] : [],
    steady: steady ? ['x', 'y'] : [],
  })
  const strange = Float32Array.of(0, -0, 3.4e38, Infinity, -Infinity, NaN, 1.00390625, 1.01171875, -1 / 3)

  test('hold what TensorFlow would keep, in float32 and in bfloat16', async () => {
    const { graph } = await bothEngines()
    const x = Float32Array.of(...strange, ...someValues(9991, 3, -1e3, 1e3))
    for (const halved of [false, true]) {
      expect(await operationsOf(spec(x.length, halved, true))).toContain('AttuneStore')
      const written = (steady: boolean) =>
        withSession(graph, spec(x.length, halved, steady), (session) => {
          session.write({ x, y: Float32Array.of(1, 2, 3) })
          return session.read(['x', 'y'])
        })
      expect(await written(true)).toEqual(await written(false))
    }
  })

  test('share memory with no other session, small or large, and can be written again', async () => {
    const { graph } = await bothEngines()
    // 40 MB: more than what small ones share.
    const size = 10_000_000
    const ones = await graph.open(spec(size, false, true))
    const twos = await graph.open(spec(size, false, true))
    const fill = (value: number) => ({ x: new Float32Array(size).fill(value), y: new Float32Array(3).fill(value) })
    const first = (session: Session) => {
      const { x = [], y = [] } = session.read(['x', 'y'])
      return [x[0], x[size - 1], ...y]
    }
    ones.write(fill(1))
    twos.write(fill(2))
    ones.write(fill(3))
    twos.write({ y: new Float32Array(3).fill(4) })
    expect(first(ones)).toEqual([3, 3, 3, 3, 3])
    expect(first(twos)).toEqual([2, 2, 4, 4, 4])
    ones.close()
    expect(first(twos)).toEqual([2, 2, 4, 4, 4])
    twos.close()
    await withSession(graph, spec(size, false, true), (session) => {
      session.write(fill(5))
      expect(first(session)).toEqual([5, 5, 5, 5, 5])
    })
  })

  test('are written from memory that is given back', async () => {
    for (const engine of Object.values(await bothEngines())) {
      const [x, y] = [someValues(1000, 4), someValues(3, 5)]
      const [a, b] = [x.slice(), y.slice()]
      await withSession(engine, spec(1000, false, true), (session) => {
        writeTensors(session, [
          { name: 'x', data: a },
          { name: 'y', data: b },
        ])
        expect(session.read(['x', 'y'])).toEqual({ x, y })
      })
      expect([a.length, b.length]).toEqual([0, 0])
    }
  })
})
