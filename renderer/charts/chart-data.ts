import { formatShort } from '../ui/format.ts'
import type { Curve, Range } from './curve.ts'

/** One drawn point. `band` is the envelope [min, max]. */
export interface Point {
  readonly x: number
  readonly raw: number | null
  readonly smooth: number | null
  readonly band: [number, number] | null
}

export const mostPoints = 800

/** A logarithmic scale has no place for zero and below: such values become gaps. */
function drawable(value: number | null | undefined, logScale: boolean): number | null {
  if (value === null || value === undefined || !Number.isFinite(value)) return null
  return logScale && value <= 0 ? null : value
}

/** At most `most` points: longer curves are cut into buckets that keep their last value and their extremes. */
export function toPoints(curve: Curve, logScale: boolean, most = mostPoints): Point[] {
  const { x, raw, min, max, smooth } = curve
  const size = Math.ceil(x.length / most) || 1
  const points: Point[] = []
  for (let start = 0; start < x.length; start += size) {
    const last = Math.min(start + size, x.length) - 1
    let low: number | null = null
    let high: number | null = null
    for (let at = start; at <= last; at++) {
      const bottom = drawable(min?.[at] ?? raw[at], logScale)
      const top = drawable(max?.[at] ?? raw[at], logScale)
      if (bottom !== null && (low === null || bottom < low)) low = bottom
      if (top !== null && (high === null || top > high)) high = top
    }
    points.push({
      x: x[last] ?? 0,
      raw: drawable(raw[last], logScale),
      smooth: drawable(smooth[last], logScale),
      band: low !== null && high !== null ? [low, high] : null,
    })
  }
  return points
}

/** From the first to the last x of all curves; null when there is no point. */
export function xRange(curves: readonly Curve[]): Range | null {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { x } of curves) {
    low = Math.min(low, x[0] ?? low)
    high = Math.max(high, x.at(-1) ?? high)
  }
  return low <= high ? [low, high] : null
}

/** What the y axis has to span so that nothing within `window` is cut off; null when nothing can be drawn. */
export function yRange(curves: readonly Curve[], window: Range, logScale: boolean): Range | null {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { x, raw, min, max, smooth } of curves) {
    for (let at = 0; at < x.length; at++) {
      const here = x[at] ?? 0
      if (here < window[0] || here > window[1]) continue
      for (const column of [raw, min, max, smooth]) {
        const value = drawable(column?.[at], logScale)
        if (value === null) continue
        if (value < low) low = value
        if (value > high) high = value
      }
    }
  }
  if (low > high) return null
  return logScale ? paddedLog(low, high) : padded(low, high)
}

/** Values that differ by less, relative to their size, differ by rounding alone (accuracy and F1 of an even split). */
const roundingOff = 1e-9

/** Of the values' size: a chart that fills its height with less would show nothing as something. */
const leastSpan = 0.02

function padded(low: number, high: number): Range {
  const span = high - low
  const size = Math.max(Math.abs(low), Math.abs(high))
  if (span <= size * roundingOff) {
    const room = size * 0.1 || 1
    return [low - room, high + room]
  }
  const least = size * leastSpan
  if (span < least) return [low - (least - span) / 2, high + (least - span) / 2]
  // Room below must not suggest that a quantity which is never negative could be.
  const bottom = low - span * 0.04
  return [low >= 0 && bottom < 0 ? 0 : bottom, high + span * 0.04]
}

function paddedLog(low: number, high: number): Range {
  const room = high / low <= 1 + roundingOff ? 2 : (high / low) ** 0.04
  return [low / room, high * room]
}

/** Round values within the range, about `count` of them. */
export function linearTicks([low, high]: Range, count: number): number[] {
  const span = high - low
  // So deep a zoom has no number between two ticks: counting on would never reach the end.
  if (!(span > Math.max(Math.abs(low), Math.abs(high)) * 1e-12)) return [low]
  const rough = span / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.75) ?? 10) * power
  const ticks: number[] = []
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index++) {
    ticks.push(Number((index * step).toPrecision(12)))
  }
  return ticks
}

/** Powers of ten within the range; with 2 and 5 between them where there are few, linear ones within a factor of two. */
export function logTicks(range: Range, count: number): number[] {
  const [low, high] = range
  for (const factors of [[1], [1, 2, 5]]) {
    const ticks: number[] = []
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
      for (const factor of factors) {
        const tick = Number((factor * 10 ** power).toPrecision(12))
        if (tick >= low && tick <= high) ticks.push(tick)
      }
    }
    const stride = Math.ceil(ticks.length / (count * 1.5))
    if (ticks.length >= 3) return ticks.filter((_, index) => index % stride === 0)
  }
  return linearTicks(range, count).filter((tick) => tick > 0)
}

/** Labels with as many decimals as tell the ticks apart, the same for all of them: 0.875, 0.900; 2.5e−4; 10k. */
export function tickLabels(ticks: readonly number[]): (tick: number) => string {
  const largest = Math.max(...ticks.map(Math.abs), 0)
  const proper = (text: string) => text.replaceAll('-', '\u2212')
  if (largest > 0 && largest < 0.01) return (tick) => (tick === 0 ? '0' : proper(tick.toExponential()))
  if (largest >= 10_000) return (tick) => (tick === 0 ? '0' : formatShort(tick))
  const exact = (decimals: number) => ticks.every((tick) => Math.abs(Number(tick.toFixed(decimals)) - tick) < 1e-9)
  const decimals = [0, 1, 2, 3, 4, 5].find(exact) ?? 6
  // A log scale spans too much for one number of decimals.
  const spread = ticks.some((tick) => tick > 0 && tick < largest / 1000)
  return (tick) => (spread || tick === 0 ? proper(String(tick)) : proper(tick.toFixed(decimals)))
}

/**
 * Ticks whose labels are true and differ: on an axis of whole steps there is none at 2.5, which would read as 3. Where
 * none would be left (a zoom between two steps), one stays for each label.
 */
export function toldApart(ticks: readonly number[], label: (tick: number) => string): number[] {
  const honest = ticks.filter((tick) => Number.isInteger(tick) || label(tick) !== label(Math.round(tick)))
  return [...Map.groupBy(honest.length > 0 ? honest : ticks, label).values()].map(
    (same) => same.find(Number.isInteger) ?? same[0] ?? 0,
  )
}

/** Index of the point nearest to `at` in an ascending column; −1 when it is empty. */
export function nearestIndex(x: readonly number[], at: number): number {
  let low = 0
  let high = x.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((x[middle] ?? 0) < at) low = middle + 1
    else high = middle
  }
  const before = x[low - 1]
  const here = x[low]
  if (before !== undefined && here !== undefined && at - before < here - at) return low - 1
  return Math.min(low, x.length - 1)
}

/** What one curve says at the pointer. */
export interface Reading {
  readonly curve: Curve
  readonly x: number
  readonly raw: number | null
  readonly smooth: number | null
}

/**
 * The curves' values at the point nearest to `at`, highest first. A curve that ends well before the pointer (or starts
 * well after it) has nothing to say there.
 */
export function readingsAt(curves: readonly Curve[], at: number, window: Range): Reading[] {
  const reach = (window[1] - window[0]) * 0.03
  const readings: Reading[] = []
  for (const curve of curves) {
    const index = nearestIndex(curve.x, at)
    const x = curve.x[index]
    if (x === undefined || x < window[0] || x > window[1]) continue
    const outside = at < (curve.x[0] ?? at) - reach || at > (curve.x.at(-1) ?? at) + reach
    if (!outside) readings.push({ curve, x, raw: curve.raw[index] ?? null, smooth: curve.smooth[index] ?? null })
  }
  const height = (reading: Reading) => reading.smooth ?? reading.raw ?? Number.NEGATIVE_INFINITY
  return readings.sort((one, other) => height(other) - height(one))
}

/** At most `rows` points of the longest curve, evenly spaced, with each curve's raw value there. */
export function tableOf(curves: readonly Curve[], rows: number): { x: number; values: (number | null)[] }[] {
  const longest = curves.reduce<readonly number[]>((x, curve) => (curve.x.length > x.length ? curve.x : x), [])
  const count = Math.min(rows, longest.length)
  return Array.from({ length: count }, (_, row) => {
    const x = longest[Math.round((row * (longest.length - 1)) / Math.max(1, count - 1))] ?? 0
    const values = curves.map((curve) => {
      const beyond = x > (curve.x.at(-1) ?? 0) || x < (curve.x[0] ?? 0)
      return beyond ? null : (curve.raw[nearestIndex(curve.x, x)] ?? null)
    })
    return { x, values }
  })
}

/** RFC 4180: one line a point, every column that the chart was given. */
export function toCsv(curves: readonly Curve[], xLabel: string): string {
  const cell = (value: string | number | null | undefined) => {
    const text = value === null || value === undefined ? '' : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const lines = [['run', 'id', xLabel, 'value', 'min', 'max', 'smoothed']]
  for (const { id, name, x, raw, min, max, smooth } of curves) {
    for (const [at, here] of x.entries()) {
      lines.push([name, id, here, raw[at], min?.[at], max?.[at], smooth[at]].map(cell))
    }
  }
  return `${lines.map((line, index) => (index === 0 ? line.map(cell) : line).join(',')).join('\r\n')}\r\n`
}
