/** Time as an argument, so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC; may jump when the machine's clock is set. For records. */
  now(): number
  /** Milliseconds since some fixed moment; never goes back. For durations. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
