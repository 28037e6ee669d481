import { describe, expect, test } from 'vitest'
import { binomialProbability, binomialTable } from '../../../core/stats/binomial.ts'
import { pairedBootstrap, wilson } from '../../../core/stats/intervals.ts'
import { examplesNeeded, mcnemar } from '../../../core/stats/mcnemar.ts'
import { uniform } from '../../../core/util/random.ts'

describe('the binomial distribution', () => {
  test('of small counts, by fractions', () => {
    expect(binomialProbability(2, 4, 0.5)).toBeCloseTo(6 / 16, 14)
    expect(binomialProbability(0, 10, 0.25)).toBeCloseTo(0.75 ** 10, 14)
    expect(binomialProbability(3, 3, 1)).toBe(1)
    expect(binomialProbability(4, 3, 0.5)).toBe(0)
  })

  test.each([
    [7, 0.3],
    [1000, 0.013],
    [200_000, 0.9],
    [5, 0],
  ])('of %i trials at %f sums to one, with its mean', (n, p) => {
    const { from, probabilities } = binomialTable(n, p)
    expect(probabilities.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 9)
    const mean = probabilities.reduce((sum, probability, i) => sum + (from + i) * probability, 0)
    expect(mean / n).toBeCloseTo(p, 9)
  })
})

describe("McNemar's exact test", () => {
  // By hand: 2 · Σ C(n, k) / 2ⁿ up to the smaller count.
  test.each([
    [0, 0, 1],
    [5, 5, 1],
    [0, 5, 2 / 32],
    [1, 9, (2 * (1 + 10)) / 1024],
    [2, 10, (2 * (1 + 12 + 66)) / 4096],
    [10, 2, (2 * (1 + 12 + 66)) / 4096],
  ])('of %i against %i', (a, b, p) => {
    expect(mcnemar(a, b)).toBeCloseTo(p, 13)
  })

  test('of many, by the normal approximation with continuity', () => {
    // z = (60000 − 1) … of 40000 against 40800: |b − c| − 1 over √(b + c)
    const z = 799 / Math.sqrt(80_800)
    expect(z).toBeGreaterThan(2.8)
    expect(mcnemar(40_000, 40_800)).toBeGreaterThan(0.0049)
    expect(mcnemar(40_000, 40_800)).toBeLessThan(0.005)
  })
})

describe('the sample size', () => {
  test("is Connor's", () => {
    // 10 % against 20 % discordant: (1.96·√0.3 + 0.8416·√(0.3 − 0.01))² / 0.01
    expect(examplesNeeded(10, 20, 100)).toBe(234)
    expect(examplesNeeded(20, 10, 100)).toBe(234)
    expect(examplesNeeded(7, 7, 100)).toBeNull()
  })

  test('gives the test the power that it promises', () => {
    const needed = examplesNeeded(10, 20, 100) ?? 0
    let found = 0
    const trials = 2000
    for (let trial = 0; trial < trials; trial++) {
      let [only1, only2] = [0, 0]
      for (let i = 0; i < needed; i++) {
        const u = uniform(5, trial, i)
        if (u < 0.1) only1++
        else if (u < 0.3) only2++
      }
      if (mcnemar(only1, only2) < 0.05) found++
    }
    // The exact test is a little stricter than the formula, which is asymptotic.
    expect(found / trials).toBeGreaterThan(0.73)
    expect(found / trials).toBeLessThan(0.87)
  })
})

describe('intervals', () => {
  test("Wilson's, against published values", () => {
    // Newcombe (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29
    expect(wilson(81, 263)).toEqual({ low: expect.closeTo(0.2553, 4), high: expect.closeTo(0.3662, 4) })
    expect(wilson(15, 148)).toEqual({ low: expect.closeTo(0.0624, 4), high: expect.closeTo(0.1605, 4) })
    expect(wilson(0, 20)).toEqual({ low: 0, high: expect.closeTo(0.1611, 4) })
    expect(wilson(1, 29)).toEqual({ low: expect.closeTo(0.0061, 4), high: expect.closeTo(0.1718, 4) })
  })

  test('the bootstrap is what drawing resamples comes to', () => {
    const [only1, only2, n] = [12, 25, 300]
    const draws = Array.from({ length: 20_000 }, (_, draw) => {
      let sum = 0
      for (let i = 0; i < n; i++) {
        const u = uniform(3, draw, i) * n
        if (u < only1) sum--
        else if (u < only1 + only2) sum++
      }
      return sum / n
    }).sort((a, b) => a - b)
    const { low, high } = pairedBootstrap(only1, only2, n)
    // One example is 1/300: the quantiles of 20,000 draws are that near.
    expect(Math.abs(low - (draws[500] ?? 0))).toBeLessThan(1.01 / n)
    expect(Math.abs(high - (draws[19_500] ?? 0))).toBeLessThan(1.01 / n)
  })

  test('the bootstrap is symmetric, and never beyond what can be', () => {
    const one = pairedBootstrap(3, 9, 40)
    const other = pairedBootstrap(9, 3, 40)
    expect(Math.abs(one.low + other.high)).toBeLessThanOrEqual(1 / 40 + 1e-12)
    expect(pairedBootstrap(0, 4, 4)).toEqual({ low: 1, high: 1 })
    const many = pairedBootstrap(9_000, 10_000, 200_000)
    expect(many.low).toBeGreaterThan(0.0035)
    expect(many.high).toBeLessThan(0.0065)
  })

  test('no discordant example is not certainty', () => {
    const { low, high } = pairedBootstrap(0, 0, 50)
    expect(high).toBeCloseTo(wilson(0, 50).high, 12)
    expect(low).toBe(-high)
  })
})
