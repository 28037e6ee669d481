import { describe, expect, test } from 'vitest'
import { pairedDifference, signFlip, studentQuantile } from '../../../core/stats/paired-values.ts'

describe('paired differences', () => {
  test("Student's quantiles are those of the tables", () => {
    const table: [number, number][] = [
      [1, 12.7062],
      [2, 4.30265],
      [3, 3.18245],
      [5, 2.57058],
      [10, 2.22814],
      [30, 2.04227],
      [1000, 1.96234],
    ]
    for (const [degrees, quantile] of table) expect(studentQuantile(degrees) / quantile).toBeCloseTo(1, 2)
  })

  test('mean, deviation and interval are the textbook ones', () => {
    const { mean, deviation, low, high } = pairedDifference(Float64Array.of(1, 2, 3, 4, 5))
    expect(mean).toBe(3)
    expect(deviation).toBeCloseTo(Math.sqrt(2.5), 12)
    expect((high - low) / 2).toBeCloseTo((2.77645 * Math.sqrt(2.5)) / Math.sqrt(5), 2)
  })

  test('signs flip by chance: the share is near the exact one', () => {
    // All of one sign: 2 of 2⁸ patterns lie as far out.
    expect(signFlip(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toBeCloseTo(2 / 256, 2)
    expect(signFlip(Float64Array.of(1, -1))).toBe(1)
    expect(signFlip(Float64Array.of(0, 0, 0))).toBe(1)
  })
})
