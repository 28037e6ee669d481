import { memo, useMemo } from 'react'
import { Area, CartesianGrid, ComposedChart, Line, XAxis, YAxis } from 'recharts'
import { linearTicks, logTicks, tickLabels, toPoints } from './chart-data.ts'
import type { Curve, Range } from './curve.ts'
import { dashArray } from './palette.ts'
import { Pointer, type PointerProps } from './pointer.tsx'

export interface PlotProps extends Pick<PointerProps, 'onPoint' | 'onZoom' | 'onReset'> {
  curves: readonly Curve[]
  /** Pixels. */
  width: number
  height: number
  x: Range
  y: Range
  logScale: boolean
  /** Only curves with this id stand out; null: all alike. */
  highlighted: string | null
  /** For the axes; without them as many decimals as the ticks need. */
  formatX?: ((value: number) => string) | undefined
  formatY?: ((value: number) => string) | undefined
}

const lineWidth = 1.75
/** Up to so many points each is marked: a curve of few evaluations must not look like one of many. */
const mostDots = 24

/** The drawing itself: axes, envelopes, raw curves, smoothed curves. Domains are given, so recharts measures nothing. */
export const Plot = memo(function Plot(props: PlotProps) {
  const { curves, width, height, x, y, logScale, highlighted } = props
  const series = useMemo(
    () => curves.map((curve) => ({ curve, points: toPoints(curve, logScale) })),
    [curves, logScale],
  )
  const xTicks = linearTicks(x, Math.max(2, Math.round(width / 90)))
  const yCount = Math.max(3, Math.round(height / 48))
  const yTicks = logScale ? logTicks(y, yCount) : linearTicks(y, yCount)
  const formatX = props.formatX ?? tickLabels(xTicks)
  const formatY = props.formatY ?? tickLabels(yTicks)
  const axisWidth = 12 + 6.4 * Math.max(2, ...yTicks.map((tick) => formatY(tick).length))
  // The more curves there are, the fainter each one's noise: together they would hide the smoothed ones.
  const faintness = Math.max(0.14, 0.36 / Math.sqrt(Math.max(1, curves.length)))
  // The highlighted curve is drawn last: on top of the others.
  const ordered = highlighted
    ? [...series].sort((a, b) => Number(a.curve.id === highlighted) - Number(b.curve.id === highlighted))
    : series

  return (
    <ComposedChart
      width={width}
      height={height}
      margin={{ top: 6, right: 14, bottom: 0, left: 0 }}
      accessibilityLayer={false}
    >
      <CartesianGrid vertical={false} />
      <XAxis
        dataKey="x"
        type="number"
        domain={[x[0], x[1]]}
        ticks={xTicks}
        interval={0}
        allowDataOverflow
        tickFormatter={formatX}
        tickLine={false}
        axisLine={{ stroke: 'var(--attune-line)' }}
        height={22}
        tickMargin={6}
      />
      <YAxis
        type="number"
        scale={logScale ? 'log' : 'linear'}
        domain={[y[0], y[1]]}
        ticks={yTicks}
        interval={0}
        allowDataOverflow
        tickFormatter={formatY}
        tickLine={false}
        axisLine={false}
        width={axisWidth}
        tickMargin={4}
      />
      {ordered.map(({ curve, points }) => {
        const key = `${curve.id} ${curve.name}`
        const dimmed = highlighted !== null && curve.id !== highlighted
        const common = {
          type: 'linear',
          data: points,
          isAnimationActive: false,
          activeDot: false,
          legendType: 'none',
        } as const
        const sparse = points.length <= mostDots
        return [
          <Area
            key={`${key} band`}
            {...common}
            dataKey="band"
            stroke="none"
            fill={curve.colour}
            fillOpacity={dimmed ? 0.02 : 0.35 * faintness}
          />,
          <Line
            key={`${key} raw`}
            {...common}
            dataKey="raw"
            dot={false}
            stroke={curve.colour}
            strokeWidth={1}
            strokeOpacity={dimmed ? 0.04 : faintness}
          />,
          <Line
            key={`${key} smooth`}
            {...common}
            dataKey="smooth"
            dot={
              sparse
                ? { r: 2.5, fill: curve.colour, fillOpacity: dimmed ? 0.2 : 1, strokeWidth: 0, strokeDasharray: '0' }
                : false
            }
            stroke={curve.colour}
            strokeWidth={curve.id === highlighted ? lineWidth * 1.4 : lineWidth}
            strokeOpacity={dimmed ? 0.18 : 1}
            strokeDasharray={dashArray(curve.dash, lineWidth) ?? '0'}
            strokeLinejoin="round"
          />,
        ]
      })}
      <Pointer curves={curves} x={x} onPoint={props.onPoint} onZoom={props.onZoom} onReset={props.onReset} />
    </ComposedChart>
  )
})
