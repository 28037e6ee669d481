import { binomialProbability } from './binomial.ts'

/**
 * McNemar's test, exact and two-sided: of the examples that only one of two runs has right, how surprising is such an
 * uneven split if each were as likely to go either way? Returns the probability of one at least as uneven.
 */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  const discordant = onlyFirst + onlySecond
  let tail = 0
  for (let k = Math.min(onlyFirst, onlySecond); k >= 0; k--) {
    const probability = binomialProbability(k, discordant, 0.5)
    tail += probability
    if (probability < tail * 1e-17) break
  }
  return Math.min(1, 2 * tail)
}

/** Standard normal quantiles: two-sided 5 %, and 80 % power. */
const zSignificance = 1.959963984540054
const zPower = 0.8416212335729143

/**
 * How many examples McNemar's test at 5 % needs to find a difference of this size with a probability of 80 %, if the
 * shares seen are the true ones (Connor, 1987). Null when there is no difference to find.
 */
export function examplesNeeded(onlyFirst: number, onlySecond: number, examples: number): number | null {
  const difference = (onlySecond - onlyFirst) / examples
  if (difference === 0 || examples === 0) return null
  const discordant = (onlyFirst + onlySecond) / examples
  const root = zSignificance * Math.sqrt(discordant) + zPower * Math.sqrt(discordant - difference * difference)
  return Math.ceil((root * root) / (difference * difference))
}

/** The same for a mean of paired differences with this standard deviation. */
export function valuesNeeded(mean: number, deviation: number): number | null {
  if (mean === 0 || deviation === 0) return null
  return Math.ceil((((zSignificance + zPower) * deviation) / mean) ** 2)
}
