/** The middle value, the mean of the two middle ones of an even count; NaN of nothing. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** What one process measured: its timed steps, without the first ones. */
export interface Measure {
  readonly stepMs: readonly number[]
  /** Real tokens of each timed step; padding is not counted. */
  readonly stepTokens: readonly number[]
  /** The process's largest resident set. */
  readonly peakBytes: number
}

/** All processes of one side taken together. */
export interface Summary {
  readonly processes: number
  readonly steps: number
  readonly medianMs: number
  readonly minMs: number
  /** All real tokens over all time, since batches differ in length. */
  readonly tokensPerSecond: number
  readonly tokensPerStep: number
  /** The worst of the processes. */
  readonly peakBytes: number
}

/** Throws when there is no step to speak of. */
export function summarise(measures: readonly Measure[]): Summary {
  const ms = measures.flatMap(({ stepMs }) => stepMs)
  const tokens = sum(measures.flatMap(({ stepTokens }) => stepTokens))
  if (ms.length === 0) throw new Error('a benchmark without a timed step says nothing')
  return {
    processes: measures.length,
    steps: ms.length,
    medianMs: median(ms),
    minMs: Math.min(...ms),
    tokensPerSecond: tokens / (sum(ms) / 1000),
    tokensPerStep: tokens / ms.length,
    peakBytes: Math.max(...measures.map(({ peakBytes }) => peakBytes)),
  }
}
