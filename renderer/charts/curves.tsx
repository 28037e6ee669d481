import { memo, useId, useMemo } from 'react'
import { usePlotArea } from 'recharts'
import { mostPoints, toPoints } from './chart-data.ts'
import type { Curve, Range } from './curve.ts'
import { dashArray } from './palette.ts'
import { toPaths } from './paths.ts'

export interface CurvesProps {
  curves: readonly Curve[]
  x: Range
  y: Range
  logScale: boolean
  highlighted: string | null
}

/**
 * The curves, placed by our own arithmetic. Recharts' Line and Area keep every point of every line in a store and go
 * through all of them at each change: with ten live runs that alone took a whole core. Here a curve that did not change
 * is not touched.
 */
export function Curves({ curves, x, y, logScale, highlighted }: CurvesProps) {
  const area = usePlotArea()
  const clip = useId()
  if (!area || area.width <= 0) return null
  // The more curves there are, the fainter each one's noise: together they would hide the smoothed ones.
  const faintness = Math.max(0.14, 0.36 / Math.sqrt(Math.max(1, curves.length)))
  // The highlighted curve is drawn last: on top of the others.
  const lit = (curve: Curve) => curve.id === highlighted
  const ordered = [...curves.filter((curve) => !lit(curve)), ...curves.filter(lit)]
  return (
    <g clipPath={`url(#${clip})`}>
      <clipPath id={clip}>
        <rect x={area.x} y={area.y} width={area.width} height={area.height} />
      </clipPath>
      {ordered.map((curve) => (
        <OneCurve
          key={`${curve.id} ${curve.name}`}
          curve={curve}
          left={area.x}
          top={area.y}
          width={area.width}
          height={area.height}
          x0={x[0]}
          x1={x[1]}
          y0={y[0]}
          y1={y[1]}
          logScale={logScale}
          faintness={faintness}
          emphasis={highlighted === null ? 'none' : lit(curve) ? 'lit' : 'dim'}
        />
      ))}
    </g>
  )
}

interface OneCurveProps {
  curve: Curve
  left: number
  top: number
  width: number
  height: number
  x0: number
  x1: number
  y0: number
  y1: number
  logScale: boolean
  faintness: number
  emphasis: 'none' | 'lit' | 'dim'
}

const lineWidth = 1.75
/** Up to so many points each is marked: a curve of few evaluations must not look like one of many. */
const mostDots = 24

/** Envelope, raw values, smoothed values. All properties are plain values, so that `memo` can compare them. */
const OneCurve = memo(function OneCurve(props: OneCurveProps) {
  const { curve, left, top, width, height, x0, x1, y0, y1, logScale, faintness, emphasis } = props
  const points = useMemo(
    () => toPoints(curve, logScale, Math.min(mostPoints, Math.ceil(width))),
    [curve, logScale, width],
  )
  const paths = useMemo(
    () => toPaths(points, { left, top, width, height, x: [x0, x1], y: [y0, y1], logScale }),
    [points, left, top, width, height, x0, x1, y0, y1, logScale],
  )
  const { colour } = curve
  const dimmed = emphasis === 'dim'
  return (
    <>
      <path d={paths.band} fill={colour} fillOpacity={dimmed ? 0.02 : 0.35 * faintness} />
      <path d={paths.raw} fill="none" stroke={colour} strokeOpacity={dimmed ? 0.04 : faintness} />
      <path
        d={paths.smooth}
        fill="none"
        stroke={colour}
        strokeWidth={emphasis === 'lit' ? lineWidth * 1.4 : lineWidth}
        strokeOpacity={dimmed ? 0.18 : 1}
        strokeDasharray={dashArray(curve.dash, lineWidth)}
        strokeLinejoin="round"
      />
      {points.length <= mostDots &&
        paths.dots.map(([cx, cy]) => (
          <circle
            key={cx}
            cx={cx}
            cy={cy}
            r={2.5}
            // Hollow is to a point what dashed is to a line.
            fill={(curve.dash ?? 'solid') === 'solid' ? colour : 'var(--attune-surface)'}
            stroke={colour}
            opacity={dimmed ? 0.2 : 1}
          />
        ))}
    </>
  )
})
