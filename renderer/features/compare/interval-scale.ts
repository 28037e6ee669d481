import type { Verdict } from '../../../core/contract/domain.ts'
import { formatDelta } from '../../ui/format.ts'

export interface IntervalScale {
  /** Ends of the axis; zero is always between them. */
  readonly low: number
  readonly high: number
  readonly ticks: readonly number[]
  /** 0 (left end) to 1 (right end). */
  place(value: number): number
}

const steps = [1, 2, 5]

/** The largest step of 1, 2, 5 × 10ⁿ that leaves at least `count` ticks. */
function tickStep(span: number, count: number): number {
  const power = Math.floor(Math.log10(span / count))
  const candidates = [power, power + 1].flatMap((one) => steps.map((digit) => digit * 10 ** one))
  return candidates.findLast((step) => span / step >= count) ?? 10 ** power
}

/** One axis for the intervals of all candidates, so that they can be read against one another. */
export function intervalScale(verdicts: readonly Pick<Verdict, 'by' | 'low' | 'high' | 'difference'>[]): IntervalScale {
  const values = verdicts.flatMap(({ low, high, difference }) => [low, high, difference]).filter(Number.isFinite)
  const lowest = Math.min(0, ...values)
  const highest = Math.max(0, ...values)
  // Two intervals of nothing would have no width; a tenth of a point on either side gives them one.
  const room = Math.max((highest - lowest) * 0.12, verdicts.some(({ by }) => by === 'right') ? 0.001 : 1e-6)
  const low = lowest - room
  const high = highest + room
  const step = tickStep(high - low, 3)
  const ticks: number[] = []
  for (let index = Math.ceil(low / step); index * step <= high; index++) {
    ticks.push(Number((index * step).toPrecision(10)) + 0)
  }
  return { low, high, ticks, place: (value) => Math.min(1, Math.max(0, (value - low) / (high - low))) }
}

/** A difference of shares in percentage points: 0.0213 → "+2.13". */
export function points(difference: number, decimals = 2): string {
  const size = Math.abs(difference * 100).toFixed(decimals)
  if (Number(size) === 0) return '0'
  return `${difference > 0 ? '+' : '−'}${size}`
}

/** A difference as a verdict says it, with its unit: "+2.13 percentage points", "−0.0312 nats a token". */
export function differenceText({ by, unit }: Pick<Verdict, 'by' | 'unit'>, difference: number): string {
  return by === 'right' ? `${points(difference)} percentage points` : `${signedDifference(by, difference)} ${unit}`
}

/** The same without its unit. */
export function signedDifference(by: Verdict['by'], difference: number): string {
  return by === 'right' ? points(difference) : difference === 0 ? '0' : formatDelta(difference, 3)
}
