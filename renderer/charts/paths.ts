import type { Point } from './chart-data.ts'
import type { Range } from './curve.ts'

/** Where values stand in the drawing, pixels. */
export interface Frame {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly x: Range
  readonly y: Range
  /** The y axis is logarithmic; both ends of `y` are above zero. */
  readonly logScale: boolean
}

/** The `d` of three SVG paths, and where the smoothed points are. */
export interface Paths {
  readonly raw: string
  readonly smooth: string
  /** Closed: along the highest values, back along the lowest. */
  readonly band: string
  readonly dots: readonly (readonly [x: number, y: number])[]
}

/** A tenth of a pixel is finer than can be seen. */
const rounded = (value: number) => Math.round(value * 10) / 10

/** A value that is null leaves a gap: the line ends before it and begins anew after. */
export function toPaths(points: readonly Point[], frame: Frame): Paths {
  const { left, top, width, height, x, y, logScale } = frame
  const scale = logScale ? Math.log10 : (value: number) => value
  const low = scale(y[0])
  const perUnit = height / (scale(y[1]) - low)
  const across = width / (x[1] - x[0])
  const at = (point: Point) => rounded(left + (point.x - x[0]) * across)
  const up = (value: number) => rounded(top + height - (scale(value) - low) * perUnit)

  const line = (value: (point: Point) => number | null): string => {
    let path = ''
    let drawing = false
    for (const point of points) {
      const here = value(point)
      if (here !== null) path += `${drawing ? 'L' : 'M'}${at(point)} ${up(here)}`
      drawing = here !== null
    }
    return path
  }

  let band = ''
  for (const stretch of stretches(points)) {
    const there = stretch.map(({ px, high }) => `${px} ${high}`).join('L')
    const back = stretch
      .reverse()
      .map(({ px, low }) => `${px} ${low}`)
      .join('L')
    band += `M${there}L${back}Z`
  }
  return {
    raw: line((point) => point.raw),
    smooth: line((point) => point.smooth),
    band,
    dots: points.flatMap((point) => (point.smooth === null ? [] : [[at(point), up(point.smooth)] as const])),
  }

  function stretches(all: readonly Point[]) {
    const found: { px: number; low: number; high: number }[][] = []
    let open: { px: number; low: number; high: number }[] | null = null
    for (const point of all) {
      if (point.band === null) {
        open = null
        continue
      }
      if (open === null) {
        open = []
        found.push(open)
      }
      open.push({ px: at(point), low: up(point.band[0]), high: up(point.band[1]) })
    }
    return found
  }
}
