import { binomialTable } from './binomial.ts'

export interface Interval {
  readonly low: number
  readonly high: number
}

const z95 = 1.959963984540054

/** Wilson's score interval of a share, 95 %: right also at 0 and 1 and for few examples. */
export function wilson(hits: number, examples: number): Interval {
  if (examples === 0) return { low: 0, high: 1 }
  const share = hits / examples
  const square = z95 * z95
  const centre = (share + square / (2 * examples)) / (1 + square / examples)
  const spread =
    (z95 * Math.sqrt((share * (1 - share)) / examples + square / (4 * examples * examples))) / (1 + square / examples)
  return { low: Math.max(0, centre - spread), high: Math.min(1, centre + spread) }
}

/**
 * The paired bootstrap's 95 % percentile interval of the difference of two accuracies on the same examples, as
 * infinitely many resamples would give it: no draws, hence no seed.
 *
 * An example adds −1, 0 or +1 (only the first run right, both or neither, only the second), so a resample's difference
 * is 2K − M, with M ~ Binomial(n, share of discordant examples) of them, and K ~ Binomial(M, the second's share) for it.
 *
 * Without a discordant example each resample is the same and the interval would be one point. Then the true share of
 * discordant examples is known only to lie below Wilson's bound, and the difference with it.
 */
export function pairedBootstrap(onlyFirst: number, onlySecond: number, examples: number): Interval {
  const discordant = onlyFirst + onlySecond
  if (discordant === 0) {
    const bound = wilson(0, examples).high
    return { low: -bound, high: bound }
  }
  // Resamples are laid out by their sum, −n to n.
  const chance = new Float64Array(2 * examples + 1)
  const { from, probabilities } = binomialTable(examples, discordant / examples)
  for (const [offset, outer] of probabilities.entries()) {
    const m = from + offset
    if (outer < 1e-12) continue
    const inner = binomialTable(m, onlySecond / discordant, 1e-13)
    for (const [k, probability] of inner.probabilities.entries()) {
      const sum = 2 * (inner.from + k) - m
      chance[sum + examples] = (chance[sum + examples] as number) + outer * probability
    }
  }
  return { low: quantile(chance, 0.025, examples), high: quantile(chance, 0.975, examples) }
}

/** The smallest difference below or at which this share of the resamples lies. */
function quantile(chance: Float64Array, share: number, examples: number): number {
  let sum = 0
  for (const [index, probability] of chance.entries()) {
    sum += probability
    if (sum >= share) return (index - examples) / examples
  }
  return 1
}
