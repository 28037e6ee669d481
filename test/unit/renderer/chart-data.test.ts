import { describe, expect, test } from 'vitest'
import {
  linearTicks,
  logTicks,
  nearestIndex,
  readingsAt,
  tableOf,
  tickLabels,
  toCsv,
  toldApart,
  toPoints,
  xRange,
  yRange,
} from '../../../renderer/charts/chart-data.ts'
import type { Curve } from '../../../renderer/charts/curve.ts'
import { dashArray, palette, runColour, runDash } from '../../../renderer/charts/palette.ts'
import { toPaths } from '../../../renderer/charts/paths.ts'
import { curveOf, formatX } from '../../../renderer/charts/series.ts'

function curve(id: string, x: number[], raw: (number | null)[], more: Partial<Curve> = {}): Curve {
  return { id, name: id, colour: '#000', x, raw, smooth: raw, ...more }
}

describe('toPoints', () => {
  test('a spike of one point survives thinning, in the envelope', () => {
    const values = Array.from({ length: 5000 }, (_, index) => (index === 2501 ? 9 : 1))
    const points = toPoints(curve('a', [...values.keys()], values), false)
    expect(points.length).toBeLessThanOrEqual(800)
    expect(Math.max(...points.map((point) => point.band?.[1] ?? 0))).toBe(9)
    expect(points.at(-1)?.x).toBe(4999)
  })

  test('the envelope that came with the curve is kept', () => {
    const [point] = toPoints(curve('a', [4], [2], { min: [1], max: [5] }), false)
    expect(point).toEqual({ x: 4, raw: 2, smooth: 2, band: [1, 5] })
  })

  test('on a log scale zero and below are gaps', () => {
    const points = toPoints(curve('a', [1, 2, 3], [0.5, 0, -1]), true)
    expect(points.map((point) => point.raw)).toEqual([0.5, null, null])
    expect(points.map((point) => point.band)).toEqual([[0.5, 0.5], null, null])
  })
})

describe('ranges', () => {
  const curves = [curve('a', [1, 2, 3], [4, 2, null]), curve('b', [5], [8], { max: [10] })]

  test('x from first to last of all', () => {
    expect(xRange(curves)).toEqual([1, 5])
    expect(xRange([])).toBeNull()
  })

  test('y spans only what is within the window, with its envelope', () => {
    expect(yRange(curves, [1, 3], false)).toEqual([2 - 0.08, 4.08])
    expect(yRange(curves, [4, 6], false)?.[1]).toBeGreaterThan(10)
    expect(yRange(curves, [8, 9], false)).toBeNull()
  })

  test('room below does not suggest that a loss could be negative', () => {
    expect(yRange([curve('a', [1, 2], [0.01, 5])], [1, 2], false)?.[0]).toBe(0)
  })

  test('a difference of a thousandth does not fill the height', () => {
    const [low, high] = yRange([curve('a', [1, 2], [0.96215, 0.96216])], [1, 2], false) ?? [0, 0]
    expect(high - low).toBeCloseTo(0.02 * 0.96216, 10)
    expect((low + high) / 2).toBeCloseTo(0.962155, 10)
  })

  test('a flat curve still has height; a log range stays above zero', () => {
    expect(yRange([curve('a', [1, 2], [3, 3])], [1, 2], false)).toEqual([3 - 0.30000000000000004, 3.3])
    const log = yRange([curve('a', [1, 2, 3], [0, 0.001, 10])], [1, 3], true)
    expect(log?.[0]).toBeGreaterThan(0)
    expect(log?.[0]).toBeLessThan(0.001)
  })
})

describe('values that differ by rounding alone', () => {
  const apart = [0.1 + 0.2, 0.3]

  test('are drawn as the one value they are', () => {
    for (const logScale of [false, true]) {
      const [low, high] = yRange([curve('a', [1, 2], apart)], [1, 2], logScale) ?? [0, 0]
      expect(low).toBeLessThan(0.28)
      expect(high).toBeGreaterThan(0.32)
    }
  })

  test('have one tick, and an end', () => {
    expect(linearTicks([0.3, 0.1 + 0.2], 4)).toEqual([0.3])
    expect(linearTicks([1e9, 1e9 + 1e-6], 4)).toEqual([1e9])
  })
})

describe('ticks', () => {
  test('round steps within the range', () => {
    expect(linearTicks([0.02, 1.03], 4)).toEqual([0.2, 0.4, 0.6, 0.8, 1])
    expect(linearTicks([0, 600], 4)).toEqual([0, 200, 400, 600])
    expect(linearTicks([2, 2], 4)).toEqual([2])
  })

  test('powers of ten, with 2 and 5 where they are few, never below the range', () => {
    expect(logTicks([1e-7, 1e-3], 5)).toEqual([1e-7, 1e-6, 1e-5, 1e-4, 1e-3])
    expect(logTicks([0.04, 1.1], 4)).toEqual([0.05, 0.1, 0.2, 0.5, 1])
    expect(logTicks([0.8, 0.97], 4)).toEqual(linearTicks([0.8, 0.97], 4))
  })

  test('labels tell the ticks apart, with the same number of decimals', () => {
    const labels = (ticks: number[]) => ticks.map(tickLabels(ticks))
    expect(labels([0.85, 0.875, 0.9])).toEqual(['0.850', '0.875', '0.900'])
    expect(labels([0, 2.5e-4, 1e-3])).toEqual(['0', '2.5e−4', '1e−3'])
    expect(labels([0, 200, 400])).toEqual(['0', '200', '400'])
    expect(labels([0, 10_000, 20_000])).toEqual(['0', '10k', '20k'])
    expect(labels([-0.5, 0, 0.5])).toEqual(['−0.5', '0', '0.5'])
  })
})

test('steps are whole', () => {
  const step = formatX('step') ?? String
  expect(toldApart([1, 1.5, 2, 2.5, 3], step)).toEqual([1, 2, 3])
  expect(toldApart([0.5, 1, 1.5], String)).toEqual([0.5, 1, 1.5])
  expect(toldApart([0, 2.5, 5, 7.5, 10], step)).toEqual([0, 5, 10])
  expect(toldApart([2.2, 2.3, 2.4], step)).toEqual([2.2])
})

describe('reading a chart', () => {
  test('the nearest point, ties to the later one', () => {
    expect(nearestIndex([1, 4, 9], 6)).toBe(1)
    expect(nearestIndex([1, 4, 9], 7)).toBe(2)
    expect(nearestIndex([1, 4, 9], 99)).toBe(2)
    expect(nearestIndex([1, 4, 9], -5)).toBe(0)
    expect(nearestIndex([], 3)).toBe(-1)
  })

  test('highest first; a curve that ended long before says nothing', () => {
    const curves = [
      curve('low', [0, 50, 100], [1, 1, 1]),
      curve('high', [0, 50, 100], [3, 3, 3]),
      curve('short', [0, 10], [2, 2]),
    ]
    expect(readingsAt(curves, 60, [0, 100]).map((reading) => reading.curve.id)).toEqual(['high', 'low'])
    expect(readingsAt(curves, 9, [0, 100]).map((reading) => reading.curve.id)).toEqual(['high', 'short', 'low'])
  })

  test('the table goes from the first to the last point and leaves out what a shorter curve has not', () => {
    const table = tableOf([curve('a', [0, 1, 2, 3, 4], [5, 4, 3, 2, 1]), curve('b', [0, 1], [7, 6])], 3)
    expect(table).toEqual([
      { x: 0, values: [5, 7] },
      { x: 2, values: [3, null] },
      { x: 4, values: [1, null] },
    ])
    expect(tableOf([], 3)).toEqual([])
  })

  test('CSV quotes names with commas and quotes, and leaves gaps empty', () => {
    const csv = toCsv([curve('a', [1], [null], { name: 'r=8, "lr" 1e-3', smooth: [0.5] })], 'Step')
    expect(csv).toBe('run,id,Step,value,min,max,smoothed\r\n"r=8, ""lr"" 1e-3",a,1,,,,0.5\r\n')
  })
})

describe('toPaths', () => {
  const frame = { left: 10, top: 0, width: 100, height: 50, x: [0, 10], y: [0, 5], logScale: false } as const

  test('values stand where the axes say, and null leaves a gap', () => {
    const points = toPoints(curve('a', [0, 5, 7, 10], [0, 5, null, 2.5]), false)
    expect(toPaths(points, frame).raw).toBe('M10 50L60 0M110 25')
  })

  test('the envelope is one closed stretch between gaps', () => {
    const points = toPoints(
      curve('a', [0, 5, 7, 10], [1, 2, null, 3], { min: [0, 1, null, 2], max: [2, 3, null, 4] }),
      false,
    )
    expect(toPaths(points, frame).band).toBe('M10 30L60 20L60 40L10 50ZM110 10L110 30Z')
  })

  test('a decade takes the same height everywhere on a log scale', () => {
    const points = toPoints(curve('a', [0, 5, 10], [0.01, 0.1, 1]), true)
    expect(toPaths(points, { ...frame, y: [0.01, 1], logScale: true }).raw).toBe('M10 50L60 25L110 0')
  })
})

describe('runs in charts', () => {
  const series = {
    run: 'r',
    series: 'train/loss',
    total: 2,
    x: [1, 2],
    step: [1, 2],
    min: [1, 1],
    max: [2, 2],
    last: [2, 1],
    smooth: [2, 1.4],
  }

  test('training curves are smoothed, validation measures are shown as measured', () => {
    const run = { id: 'r', name: 'one', colour: 0 }
    expect(curveOf(series, run).smooth).toEqual([2, 1.4])
    expect(curveOf({ ...series, series: 'eval/accuracy' }, run).smooth).toEqual([2, 1])
  })

  test('colours come again after twelve, in another line style', () => {
    expect(new Set(palette).size).toBe(12)
    expect(runColour(12)).toBe(runColour(0))
    expect([0, 12, 24, 36].map(runDash)).toEqual(['solid', 'dashed', 'dotted', 'solid'])
    expect(dashArray('solid', 2)).toBeUndefined()
    expect(dashArray('dashed', 2)).toBe('8 5')
  })

  test('the axis of time is in seconds', () => {
    expect(formatX('time')?.(90)).toBe('1\u202fmin 30\u202fs')
    expect(formatX('tokens')?.(1_250_000)).toBe('1.25M')
    expect(formatX('epoch')).toBeUndefined()
  })
})
