import type { RunTimings } from '../contract/domain.ts'
import { systemClock } from '../util/clock.ts'

/** Counts steps and the time that they take; evaluation and saving are not training time. */
export class Stopwatch {
  /** Real examples and real tokens gone through so far. */
  examples = 0
  tokens = 0
  private readonly startedAt: number
  private readonly stepMs: number[] = []
  private trainingMs = 0
  private partMs = 0
  private firstStepAt: number | null = null
  private before = { examples: 0, tokens: 0, elapsedMs: 0 }
  private lap = { examples: 0, tokens: 0, trainingMs: 0 }

  constructor(startedAt: number) {
    this.startedAt = startedAt
  }

  /** Goes on counting from where an interrupted run was. */
  goOnFrom({ examples, tokens, elapsedMs }: { examples: number; tokens: number; elapsedMs: number }): void {
    this.before = { examples, tokens, elapsedMs }
    this.examples = examples
    this.tokens = tokens
    this.trainingMs = elapsedMs
    this.lap = { examples, tokens, trainingMs: elapsedMs }
  }

  /** Part of a step, which began at `begun` (monotonic ms), has just ended; something else comes before the rest. */
  part(begun: number): void {
    const ms = systemClock.monotonic() - begun
    this.partMs += ms
    this.trainingMs += ms
  }

  /** A step, or the rest of one, that began at `begun` has just ended. */
  step(begun: number, examples: number, tokens: number): void {
    this.part(begun)
    this.firstStepAt ??= systemClock.monotonic()
    this.stepMs.push(this.partMs)
    this.partMs = 0
    this.examples += examples
    this.tokens += tokens
  }

  /** Training time so far. */
  get elapsedMs(): number {
    return this.trainingMs
  }

  /** Speed since the last call of this. */
  takeLap(): { examplesPerSecond: number; tokensPerSecond: number } {
    const seconds = (this.trainingMs - this.lap.trainingMs) / 1000
    const speed = {
      examplesPerSecond: perSecond(this.examples - this.lap.examples, seconds),
      tokensPerSecond: perSecond(this.tokens - this.lap.tokens, seconds),
    }
    this.lap = { examples: this.examples, tokens: this.tokens, trainingMs: this.trainingMs }
    return speed
  }

  /** Of this sitting: what came before a resume has been told already. */
  timings(): RunTimings {
    const seconds = (this.trainingMs - this.before.elapsedMs) / 1000
    return {
      steps: this.stepMs.length,
      seconds,
      totalSeconds: (systemClock.monotonic() - this.startedAt) / 1000,
      examplesPerSecond: perSecond(this.examples - this.before.examples, seconds),
      tokensPerSecond: perSecond(this.tokens - this.before.tokens, seconds),
      medianStepMs: median(this.stepMs),
      timeToFirstStepMs: this.firstStepAt === null ? 0 : this.firstStepAt - this.startedAt,
      // maxRSS is in kilobytes, and of the whole process: host and worker share it.
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    }
  }
}

function perSecond(amount: number, seconds: number): number {
  return seconds > 0 ? amount / seconds : 0
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2
}
