import type { Series } from '../contract/domain.ts'

/** A curve's recorded points: columns of one length, `step` and `x` ascending. `value` may be NaN or infinite. */
export interface Points {
  readonly step: Float64Array
  readonly x: Float64Array
  readonly value: Float64Array
}

export interface ThinOptions {
  /** Buckets at most. */
  readonly width: number
  /** Weight of the past in the moving average, 0 (none) to just below 1. */
  readonly smoothing: number
  /** Only points after this step come out; all of them go into the average. */
  readonly after: number
}

export type ThinnedCurve = Pick<Series, 'x' | 'step' | 'min' | 'max' | 'last' | 'smooth'>

/**
 * Buckets of equal width along x, each with its smallest, largest and last value, so that a spike of one point is
 * seen at every zoom. Values that are not finite have no place between min and max; a bucket of nothing else has null.
 */
export function thin(points: Points, { width, smoothing, after }: ThinOptions): ThinnedCurve {
  const { step, x, value } = points
  const curve: ThinnedCurve = { x: [], step: [], min: [], max: [], last: [], smooth: [] }
  const average = movingAverage(smoothing)
  let first = 0
  while (first < step.length && at(step, first) <= after) average.add(at(value, first++))

  const count = step.length - first
  if (count === 0) return curve
  const start = at(x, first)
  const scale = width / (at(x, step.length - 1) - start)
  // Few points need no thinning; points of one single x would divide by nothing.
  const bucketOf =
    count <= width || !Number.isFinite(scale)
      ? (index: number) => Math.min(index - first, width - 1)
      : (index: number) => Math.min(width - 1, Math.floor((at(x, index) - start) * scale))

  let bucket = -1
  for (let i = first; i < step.length; i++) {
    const now = at(value, i)
    const finite = Number.isFinite(now) ? now : null
    const smooth = average.add(now)
    if (bucketOf(i) !== bucket) {
      bucket = bucketOf(i)
      curve.x.push(0)
      curve.step.push(0)
      curve.min.push(null)
      curve.max.push(null)
      curve.last.push(null)
      curve.smooth.push(null)
    }
    const end = curve.x.length - 1
    curve.x[end] = at(x, i)
    curve.step[end] = at(step, i)
    curve.last[end] = finite
    curve.smooth[end] = smooth
    if (finite === null) continue
    curve.min[end] = Math.min(curve.min[end] ?? finite, finite)
    curve.max[end] = Math.max(curve.max[end] ?? finite, finite)
  }
  return curve
}

/**
 * Exponential moving average, divided by the weight it has gathered so far (as Adam's moments are), so that the begin
 * of a curve is not drawn towards zero. Values that are not finite are passed over.
 */
function movingAverage(weight: number): { add(value: number): number | null } {
  let sum = 0
  let gathered = 0
  return {
    add(value) {
      if (Number.isFinite(value)) {
        sum = weight * sum + (1 - weight) * value
        gathered = weight * gathered + (1 - weight)
      }
      return gathered === 0 ? null : sum / gathered
    },
  }
}

function at(column: Float64Array, index: number): number {
  return column[index] as number
}
