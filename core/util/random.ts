/**
 * Counter-based randomness: every draw is a pure function of integers (a seed and words such as stream, epoch, row),
 * so nothing has to be saved to repeat or resume it. Not for secrets.
 */

const golden = 0x9e3779b9

/** A bijection of 32-bit words in which every input bit moves every output bit: Wellons' "lowbias32" (2018). */
function scramble(word: number): number {
  let x = word ^ (word >>> 16)
  x = Math.imul(x, 0x7feb352d)
  x ^= x >>> 15
  x = Math.imul(x, 0x846ca68b)
  return x ^ (x >>> 16)
}

/**
 * uint32, well mixed. Words are taken modulo 2³². Draws that differ only in the last word never collide; (1, 2) and
 * (2, 1) have nothing in common, nor have (1) and (1, 0).
 */
export function hash32(seed: number, ...words: number[]): number {
  let state = scramble(seed ^ golden)
  for (const word of words) state = scramble((Math.imul(state, golden) + word) | 0)
  return state >>> 0
}

/** In [0, 1), a multiple of 2⁻³². */
export function uniform(seed: number, ...words: number[]): number {
  return hash32(seed, ...words) / 2 ** 32
}

/** 0 … n−1 in random order: Fisher–Yates, one draw a place. */
export function permutation(n: number, seed: number, ...words: number[]): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i)
  const stream = hash32(seed, ...words)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(stream, i) * (i + 1))
    const held = order[i] as number
    order[i] = order[j] as number
    order[j] = held
  }
  return order
}

/** Standard normal, by Box and Muller's transform of two draws. Never beyond ±6.8. */
export function normal(seed: number, ...words: number[]): number {
  const stream = hash32(seed, ...words)
  // Half a step above zero: the logarithm of 0 must not occur.
  const radius = Math.sqrt(-2 * Math.log((hash32(stream, 1) + 0.5) / 2 ** 32))
  return radius * Math.cos(2 * Math.PI * uniform(stream, 2))
}
