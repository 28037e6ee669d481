import { describe, expect, test } from 'vitest'
import {
  formatBytes,
  formatChange,
  formatCount,
  formatDelta,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
  formatShort,
  formatValue,
  formatWhen,
  plural,
} from '../../../renderer/ui/format.ts'

/** Narrow no-break space, as between a number and its unit. */
const s = '\u202f'

describe('formatNumber', () => {
  test.each([
    [0.95674, 4, '0.9567'],
    [0.056012, 4, '0.05601'],
    [0.0010004, 3, '0.0010'],
    [12.3456, 4, '12.35'],
    [1234.4, 4, '1234'],
    [45678.9, 4, '45,679'],
    [498293894492979, 4, '4.983e14'],
    [5e-5, 4, '5.00e−5'],
    [-0.25, 3, '−0.250'],
    [0, 4, '0'],
  ])('%d to %d digits', (value, digits, text) => {
    expect(formatNumber(value, digits)).toBe(text)
  })

  test('what is no number is said, not drawn as zero', () => {
    expect(formatNumber(null)).toBe('–')
    expect(formatNumber(undefined)).toBe('–')
    expect(formatNumber(Number.NaN)).toBe('NaN')
    expect(formatNumber(Number.NEGATIVE_INFINITY)).toBe('−∞')
  })
})

test('differences always show their sign', () => {
  expect(formatDelta(0.0123)).toBe('+0.0123')
  expect(formatDelta(-1.5)).toBe('−1.50')
  expect(formatDelta(0)).toBe('±0')
  expect(formatDelta(null)).toBe('–')
})

test.each([
  [340, `340${s}ms`],
  [4200, `4.2${s}s`],
  [9960, `10${s}s`],
  [59_700, `1${s}min 00${s}s`],
  [185_000, `3${s}min 05${s}s`],
  [2 * 3_600_000 + 14 * 60_000, `2${s}h 14${s}min`],
  [27 * 3_600_000, `1${s}d 3${s}h`],
])('a duration of %d ms', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('bytes in decimal units, a unit up before four digits', () => {
  expect(formatBytes(0)).toBe(`0${s}B`)
  expect(formatBytes(999)).toBe(`999${s}B`)
  expect(formatBytes(999_600)).toBe(`1.0${s}MB`)
  expect(formatBytes(90_868_376)).toBe(`90.9${s}MB`)
  expect(formatBytes(1.31e9)).toBe(`1.3${s}GB`)
})

test('rates, shares, counts, short counts', () => {
  expect(formatRate(5119.6, 'tokens')).toBe(`5,120${s}tokens/s`)
  expect(formatRate(2.71999)).toBe(`2.72${s}/s`)
  expect(formatPercent(0.9567)).toBe(`95.7${s}%`)
  expect(formatChange(0.123)).toBe(`+12.3${s}%`)
  expect(formatChange(-0.04)).toBe(`−4.0${s}%`)
  expect(formatChange(300.4)).toBe('×301')
  expect(formatCount(22713216)).toBe('22,713,216')
  expect(formatShort(22713216)).toBe('22.7M')
  expect(formatShort(950)).toBe('950')
  expect(formatShort(3e17)).toBe('3.0e17')
  expect(formatValue(1.2e6, 'bytes')).toBe(`1.2${s}MB`)
  expect(plural(1, 'run')).toBe('1 run')
  expect(plural(1200, 'run')).toBe('1,200 runs')
})

test('moments as seen from now', () => {
  const now = new Date(2026, 2, 3, 14, 5).getTime()
  expect(formatWhen(now - 20_000, now)).toBe('just now')
  expect(formatWhen(now - 12 * 60_000, now)).toBe(`12${s}min ago`)
  expect(formatWhen(new Date(2026, 2, 3, 9, 30).getTime(), now)).toBe('09:30')
  expect(formatWhen(new Date(2026, 2, 2, 23, 7).getTime(), now)).toBe('2 Mar 23:07')
  expect(formatWhen(new Date(2024, 2, 2).getTime(), now)).toBe('2 Mar 2024')
})
