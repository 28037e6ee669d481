import type { TrainingState } from '../checkpoint/training-state.ts'
import type { RunTimings } from '../contract/domain.ts'
import { systemClock } from '../util/clock.ts'

type Counters = TrainingState['counters']

/** Step times are counted in bins a thousandth wide: the median is right to a part in two thousand. */
const binWidth = Math.log(1.001)

/**
 * Counts steps and the time that they take; evaluation and saving are not training time. A run that goes on counts its
 * earlier sittings too, up to the checkpoint that it goes on from: what came after that is done again, and its time is
 * not the run's.
 */
export class Stopwatch {
  /** Real examples and real tokens gone through so far. */
  examples = 0
  tokens = 0
  private readonly startedAt: number
  private steps = 0
  /** How many steps fell into each bin. */
  private readonly stepTimes = new Map<number, number>()
  private trainingMs = 0
  /** Of a step that is not done yet. */
  private partMs = 0
  private timeToFirstStepMs: number | null = null
  private before = { totalMs: 0, peakMemoryBytes: 0 }
  private lap = { examples: 0, tokens: 0, trainingMs: 0 }

  constructor(startedAt: number) {
    this.startedAt = startedAt
  }

  /** Goes on counting from where an interrupted run was. A state of before there was a `timing` knows no step's time. */
  goOnFrom({ examples, tokens, elapsedMs, timing }: Counters, steps: number): void {
    this.examples = examples
    this.tokens = tokens
    this.trainingMs = elapsedMs
    this.steps = steps
    this.lap = { examples, tokens, trainingMs: elapsedMs }
    this.before = { totalMs: timing?.totalMs ?? elapsedMs, peakMemoryBytes: timing?.peakMemoryBytes ?? 0 }
    this.timeToFirstStepMs = timing?.timeToFirstStepMs ?? null
    this.partMs = timing?.partMs ?? 0
    for (const [bin, count] of timing?.stepTimes ?? []) this.stepTimes.set(bin, count)
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
    this.timeToFirstStepMs ??= systemClock.monotonic() - this.startedAt
    const bin = Math.round(Math.log(Math.max(this.partMs, 0.001)) / binWidth)
    this.stepTimes.set(bin, (this.stepTimes.get(bin) ?? 0) + 1)
    this.steps += 1
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

  /** What a checkpoint keeps, for the sittings to come. */
  get counters(): Counters {
    const { examples, tokens, trainingMs, timeToFirstStepMs, partMs, totalMs, peakMemoryBytes } = this
    const stepTimes = [...this.stepTimes].sort(([a], [b]) => a - b)
    const timing = { totalMs, timeToFirstStepMs, partMs, peakMemoryBytes, stepTimes }
    return { examples, tokens, elapsedMs: trainingMs, timing }
  }

  /** Of the whole run, all sittings together. */
  timings(): RunTimings {
    const seconds = this.trainingMs / 1000
    return {
      steps: this.steps,
      seconds,
      totalSeconds: this.totalMs / 1000,
      examplesPerSecond: perSecond(this.examples, seconds),
      tokensPerSecond: perSecond(this.tokens, seconds),
      medianStepMs: median(this.stepTimes),
      timeToFirstStepMs: this.timeToFirstStepMs ?? 0,
      peakMemoryBytes: this.peakMemoryBytes,
    }
  }

  private get totalMs(): number {
    return this.before.totalMs + systemClock.monotonic() - this.startedAt
  }

  /** maxRSS is in kilobytes, and of the whole process: host and worker share it. */
  private get peakMemoryBytes(): number {
    return Math.max(this.before.peakMemoryBytes, process.resourceUsage().maxRSS * 1024)
  }
}

function perSecond(amount: number, seconds: number): number {
  return seconds > 0 ? amount / seconds : 0
}

/** The middle of the bin that the median is in; of an even count, between the two middle ones. 0 of none. */
function median(counts: ReadonlyMap<number, number>): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  if (total === 0) return 0
  const bins = [...counts].sort(([a], [b]) => a - b)
  /** The time that `rank` others are below. */
  const at = (rank: number) => {
    let below = 0
    const found = bins.find(([, count]) => {
      below += count
      return below > rank
    })
    return Math.exp((found?.[0] ?? 0) * binWidth)
  }
  return (at((total - 1) >> 1) + at(total >> 1)) / 2
}
