import { memo } from 'react'
import { CartesianGrid, ComposedChart, XAxis, YAxis } from 'recharts'
import { linearTicks, logTicks, tickLabels, toldApart } from './chart-data.ts'
import type { Curve, Range } from './curve.ts'
import { Curves } from './curves.tsx'
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

/** The drawing itself: axes, envelopes, raw curves, smoothed curves. Domains are given, so recharts measures nothing. */
export const Plot = memo(function Plot(props: PlotProps) {
  const { curves, width, height, x, y, logScale, highlighted } = props
  const ticks = linearTicks(x, Math.max(2, Math.round(width / 90)))
  const xTicks = props.formatX ? toldApart(ticks, props.formatX) : ticks
  const yCount = Math.max(3, Math.round(height / 48))
  const yTicks = logScale ? logTicks(y, yCount) : linearTicks(y, yCount)
  const formatX = props.formatX ?? tickLabels(xTicks)
  const formatY = props.formatY ?? tickLabels(yTicks)
  const axisWidth = 12 + 6.4 * Math.max(2, ...yTicks.map((tick) => formatY(tick).length))

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
      <Curves curves={curves} x={x} y={y} logScale={logScale} highlighted={highlighted} />
      <Pointer curves={curves} x={x} onPoint={props.onPoint} onZoom={props.onZoom} onReset={props.onReset} />
    </ComposedChart>
  )
})
