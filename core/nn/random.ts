import type { Tensor } from '@tensorflow/tfjs-core'

/**
 * Counter-based randomness as an argument. A draw is a pure function of (seed, stream, step, element), so nothing has
 * to be saved to resume: see keep-mask.ts.
 */
export interface Rng {
  /** int32 [2]: seed and step, fed anew at every step. */
  readonly state: Tensor
  /** The next stream number: each place that draws gets its own, in the order of the program. */
  nextStream(): number
}

export function rngOf(state: Tensor): Rng {
  let stream = 0
  return { state, nextStream: () => stream++ }
}
