import { hash32 } from '../util/random.ts'

/** What the differences of two runs' values on the same examples come to. */
export interface PairedDifference {
  readonly mean: number
  /** Sample standard deviation. */
  readonly deviation: number
  /** Student's 95 % interval of the mean. */
  readonly low: number
  readonly high: number
  /** Two-sided, by flipping signs: see signFlip. */
  readonly pValue: number
}

/** `differences`: at least two, second run minus first. */
export function pairedDifference(differences: Float64Array): PairedDifference {
  const count = differences.length
  const mean = differences.reduce((sum, value) => sum + value, 0) / count
  const squares = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / (count - 1))
  const half = (studentQuantile(count - 1) * deviation) / Math.sqrt(count)
  return { mean, deviation, low: mean - half, high: mean + half, pValue: signFlip(differences) }
}

const z = 1.959963984540054

/** The 97.5 % quantile of Student's distribution: exact for 1 and 2 degrees of freedom, to 0.2 % for more (Hill, 1970). */
export function studentQuantile(degrees: number): number {
  if (degrees === 1) return Math.tan(0.475 * Math.PI)
  if (degrees === 2) return 0.95 * Math.sqrt(2 / (4 * 0.975 * 0.025))
  return (
    z +
    (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3) +
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / (92160 * degrees ** 4)
  )
}

const mostDraws = 9999
/** Additions that a test may take, about 0.1 s. */
const mostWork = 5e7

/**
 * Fisher's randomisation test: were the two runs alike, each difference could as well have the other sign. The share of
 * random signs under which the mean lies at least as far from zero; the same answer each time.
 */
export function signFlip(differences: Float64Array): number {
  const count = differences.length
  const seen = Math.abs(differences.reduce((sum, value) => sum + value, 0))
  const draws = Math.max(999, Math.min(mostDraws, Math.floor(mostWork / count)))
  // Sums of the same numbers in other signs may differ in their last digits.
  const least = seen * (1 - 1e-12)
  let asFar = 0
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0
    let signs = 0
    for (let i = 0; i < count; i++) {
      if (i % 32 === 0) signs = hash32(0, draw, i)
      const value = differences[i] as number
      sum += (signs >>> (i % 32)) & 1 ? value : -value
    }
    if (Math.abs(sum) >= least) asFar++
  }
  return (asFar + 1) / (draws + 1)
}
