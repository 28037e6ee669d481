import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Points, thin } from '../../../core/store/thin.ts'
import { metricsAt, smallStore, startRun, temporaryDir } from './small-store.ts'

const options = { width: 100, smoothing: 0, after: -1 }

function pointsOf(values: readonly number[], x?: readonly number[]): Points {
  const step = Float64Array.from(values, (_, i) => i)
  return { step, x: x ? Float64Array.from(x) : step, value: Float64Array.from(values) }
}

describe('thinning', () => {
  test('a spike of one point is seen at every width', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 2, max: 500 }),
        fc.nat(),
        fc.constantFrom(-1, 1),
        (count, width, place, sign) => {
          const values = Array.from({ length: count }, (_, i) => Math.sin(i))
          values[place % count] = sign * 1000
          const { min, max } = thin(pointsOf(values), { ...options, width })
          expect((sign > 0 ? max : min).filter((value) => value === sign * 1000)).toHaveLength(1)
        },
      ),
    )
  })

  test('never gives more buckets than asked for, x ascends, and the last point is the last', () => {
    const uneven = fc.array(
      fc.tuple(fc.double({ min: 0, max: 50, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true })),
      {
        minLength: 1,
        maxLength: 2000,
      },
    )
    fc.assert(
      fc.property(uneven, fc.integer({ min: 2, max: 300 }), (pairs, width) => {
        let sum = 0
        const x = pairs.map(([gap]) => (sum += gap))
        const curve = thin(
          pointsOf(
            pairs.map(([, value]) => value),
            x,
          ),
          { ...options, width },
        )
        expect(curve.x.length).toBeLessThanOrEqual(width)
        expect(curve.x).toEqual(curve.x.toSorted((a, b) => a - b))
        expect(curve.x.at(-1)).toBe(x.at(-1))
        expect(curve.step.at(-1)).toBe(pairs.length - 1)
        expect(curve.last.at(-1)).toBe(pairs.at(-1)?.[1])
        expect(Math.max(...curve.max.map(Number))).toBe(Math.max(...pairs.map(([, value]) => value)))
        expect(Math.min(...curve.min.map(Number))).toBe(Math.min(...pairs.map(([, value]) => value)))
      }),
    )
  })

  test('values that are not finite are gaps, not extremes', () => {
    const curve = thin(pointsOf([1, Number.NaN, 2, Number.POSITIVE_INFINITY]), options)
    expect(curve.last).toEqual([1, null, 2, null])
    expect(curve.min).toEqual([1, null, 2, null])
    const one = thin(pointsOf([1, Number.NaN, 2, Number.POSITIVE_INFINITY], [0, 0, 0, 0]), { ...options, width: 2 })
    expect([one.min, one.max, one.last]).toEqual([
      [1, 2],
      [1, 2],
      [1, null],
    ])
  })

  test('the average is debiased, over all points, and read where a bucket ends', () => {
    const values = Array.from({ length: 1000 }, (_, i) => 5 + Math.cos(i))
    const expected: number[] = []
    let sum = 0
    for (const [i, value] of values.entries()) {
      sum = 0.9 * sum + 0.1 * value
      expected.push(sum / (1 - 0.9 ** (i + 1)))
    }
    const { step, smooth } = thin(pointsOf(values), { ...options, width: 37, smoothing: 0.9 })
    for (const [i, at] of step.entries()) expect(smooth[i]).toBeCloseTo(expected[at] ?? 0, 10)
    const part = thin(pointsOf(values), { width: 37, smoothing: 0.9, after: 900 })
    expect(part.step[0]).toBeGreaterThan(900)
    expect(part.smooth.at(-1)).toBeCloseTo(expected[999] ?? 0, 10)
  })
})

describe('curves out of the store', () => {
  test('NaN and infinities survive being stored', async () => {
    const store = smallStore(join(temporaryDir(), 'attune.sqlite'))
    startRun(store, 'a')
    const values = [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2]
    store.recorder.record(
      'a',
      0,
      values.map((value, step) => metricsAt(step, { 'train/loss': value })),
    )
    const { value } = await store.curves.points('a', 'train/loss', 'step')
    expect([...value]).toEqual(values)
    // The summary is of numbers that one can compare.
    expect(store.runs.get('a')?.run.metrics['train/loss']).toEqual({
      last: { value: 2, step: 4 },
      best: { value: 1, step: 0 },
    })
  })

  test('every axis, joined by step, also where a series has few of the steps', async () => {
    const store = smallStore(join(temporaryDir(), 'attune.sqlite'))
    startRun(store, 'a')
    store.recorder.record('a', 0, [
      metricsAt(1, { 'train/loss': 1 }),
      metricsAt(2, { 'train/loss': 0.9 }),
      metricsAt(2, { 'eval/loss': 0.8 }),
      metricsAt(3, { 'train/loss': 0.7 }),
      metricsAt(4, { 'train/loss': 0.6 }),
      metricsAt(4, { 'eval/loss': 0.5 }),
    ])
    const along = async (axis: 'step' | 'epoch' | 'examples' | 'tokens' | 'time') => [
      ...(await store.curves.points('a', 'eval/loss', axis)).x,
    ]
    expect(await along('step')).toEqual([2, 4])
    expect(await along('epoch')).toEqual([0.2, 0.4])
    expect(await along('examples')).toEqual([32, 64])
    expect(await along('tokens')).toEqual([1600, 3200])
    expect(await along('time')).toEqual([100, 200])
  })

  test('what was added since is read on, and the newest point may be told again', async () => {
    const store = smallStore(join(temporaryDir(), 'attune.sqlite'))
    startRun(store, 'a')
    const values = async () => [...(await store.curves.points('a', 'train/loss', 'step')).value]
    expect(await values()).toEqual([])
    store.recorder.record('a', 0, [metricsAt(1, { 'train/loss': 1 }), metricsAt(2, { 'train/loss': 2 })])
    expect(await values()).toEqual([1, 2])
    store.recorder.record('a', 1, [metricsAt(2, { 'train/loss': 2.5 }), metricsAt(3, { 'train/loss': 3 })])
    expect(await values()).toEqual([1, 2.5, 3])
  })

  test('askers at the same time get the same, over many pages', async () => {
    const store = smallStore(join(temporaryDir(), 'attune.sqlite'))
    startRun(store, 'a')
    const count = 12_345
    store.recorder.record(
      'a',
      0,
      Array.from({ length: count }, (_, step) => metricsAt(step, { 'train/loss': step })),
    )
    const asked = await Promise.all(Array.from({ length: 3 }, () => store.curves.points('a', 'train/loss', 'time')))
    for (const { step, x, value } of asked) {
      expect([step.length, x.length]).toEqual([count, count])
      expect(value.every((v, i) => v === i)).toBe(true)
      expect(x.every((v, i) => v === i * 50)).toBe(true)
    }
  })
})
