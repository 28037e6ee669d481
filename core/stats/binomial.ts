/** Binomial probabilities in float64, by logarithms where factorials would overflow. */

/**
 * ln Γ(x) for x > 0, to about 1e-15 relative: Stirling's series at x ≥ 15, reached by Γ(x) = Γ(x + 1) / x.
 */
function logGamma(x: number): number {
  let shift = 0
  let z = x
  while (z < 15) {
    shift += Math.log(z)
    z++
  }
  const inverse = 1 / z
  const square = inverse * inverse
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift
}

/** P(X = k) of n trials with chance p. */
export function binomialProbability(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return 0
  if (p === 0 || p === 1) return k === n * p ? 1 : 0
  const logChoose = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
  return Math.exp(logChoose + k * Math.log(p) + (n - k) * Math.log1p(-p))
}

/**
 * All k with a probability that matters (above `floor` times the mode's), in ascending order: weights from the mode
 * outwards by P(k + 1) / P(k) = (n − k) / (k + 1) · p / (1 − p), then divided by their sum.
 */
export function binomialTable(n: number, p: number, floor = 1e-17): { from: number; probabilities: number[] } {
  if (p === 0 || p === 1) return { from: n * p, probabilities: [1] }
  const mode = Math.min(n, Math.floor((n + 1) * p))
  const odds = p / (1 - p)
  const above: number[] = []
  for (let k = mode, weight = 1; k < n; k++) {
    weight *= ((n - k) / (k + 1)) * odds
    if (weight < floor) break
    above.push(weight)
  }
  const below: number[] = []
  for (let k = mode, weight = 1; k > 0; k--) {
    weight *= k / (n - k + 1) / odds
    if (weight < floor) break
    below.push(weight)
  }
  const weights = [...below.reverse(), 1, ...above]
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return { from: mode - below.length, probabilities: weights.map((weight) => weight / total) }
}
