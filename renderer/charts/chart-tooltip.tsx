import { Swatch } from '../ui/swatch.tsx'
import classes from './line-chart.module.css'
import type { Pointed } from './pointer.tsx'

export interface ChartTooltipProps {
  pointed: Pointed
  /** Width of the drawing: the box stays inside. */
  width: number
  xLabel: string
  highlighted: string | null
  formatX: (value: number) => string
  formatY: (value: number) => string
}

const mostRows = 12
/** Pixels. */
const widest = 260
/** Pixels between the pointer and the box. */
const gap = 14

/** The curves' values at the pointer, highest first: the smoothed value, and the raw one paler beside it. */
export function ChartTooltip({ pointed, width, xLabel, highlighted, formatX, formatY }: ChartTooltipProps) {
  const { readings, left, top } = pointed
  const rows = readings.slice(0, mostRows)
  if (rows.length === 0) return null
  const atLeft = left > width / 2
  const beside = atLeft ? { right: width - left + gap } : { left: left + gap }
  const room = (atLeft ? left : width - left) - gap
  return (
    <div
      className={classes.tooltip}
      style={{ ...beside, top: Math.max(0, top - 16), maxWidth: Math.min(room, widest) }}
      aria-hidden
    >
      <div className={classes.tooltipHead}>
        {xLabel} {formatX(rows[0]?.x ?? pointed.x)}
      </div>
      {rows.map(({ curve, raw, smooth }) => (
        <div
          key={`${curve.id} ${curve.name}`}
          className={classes.reading}
          data-on={curve.id === highlighted || undefined}
          data-dim={(highlighted !== null && curve.id !== highlighted) || undefined}
        >
          <Swatch colour={curve.colour} {...(curve.dash && { dash: curve.dash })} />
          <span className={classes.name}>{curve.name}</span>
          <span className={classes.value}>{smooth === null ? '–' : formatY(smooth)}</span>
          {raw !== smooth && <span className={classes.raw}>{raw === null ? 'NaN' : formatY(raw)}</span>}
        </div>
      ))}
      {readings.length > mostRows && (
        <div className={classes.tooltipHead}>and {readings.length - mostRows} more below</div>
      )}
    </div>
  )
}
