import { type PointerEvent, useState } from 'react'
import { usePlotArea, useYAxisScale } from 'recharts'
import { type Reading, readingsAt } from './chart-data.ts'
import type { Curve, Range } from './curve.ts'
import classes from './line-chart.module.css'

/** What is under the pointer. `left` and `top` in pixels of the drawing. */
export interface Pointed {
  readonly x: number
  readonly left: number
  readonly top: number
  /** Highest value first. */
  readonly readings: readonly Reading[]
  /** Id of the curve that is nearest in height, if one is near. */
  readonly nearest: string | null
}

export interface PointerProps {
  curves: readonly Curve[]
  x: Range
  onPoint: (pointed: Pointed | null) => void
  onZoom: (range: Range) => void
  onReset: () => void
}

/** A drag of fewer pixels is a click. */
const shortestDrag = 6
/** How far from a curve, in pixels, the pointer still means it. */
const reach = 28

/** A transparent sheet over the plot: says what is pointed at, zooms by dragging, resets by a double click. */
export function Pointer({ curves, x, onPoint, onZoom, onReset }: PointerProps) {
  const area = usePlotArea()
  const scaleY = useYAxisScale()
  const [cursor, setCursor] = useState<number | null>(null)
  const [dragFrom, setDragFrom] = useState<number | null>(null)
  if (!area || area.width <= 0) return null

  const clamp = (left: number) => Math.min(Math.max(left, area.x), area.x + area.width)
  const valueAt = (left: number) => x[0] + ((clamp(left) - area.x) / area.width) * (x[1] - x[0])
  const place = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    return { left: area.x + event.clientX - box.left, top: area.y + event.clientY - box.top }
  }

  const nearestTo = (readings: readonly Reading[], top: number): string | null => {
    let best: string | null = null
    let distance = reach
    for (const reading of readings) {
      const value = reading.smooth ?? reading.raw
      const at = value === null ? undefined : scaleY?.(value)
      if (typeof at !== 'number' || !(Math.abs(at - top) < distance)) continue
      distance = Math.abs(at - top)
      best = reading.curve.id
    }
    return best
  }

  const move = (event: PointerEvent<SVGRectElement>) => {
    const { left, top } = place(event)
    const at = valueAt(left)
    const readings = readingsAt(curves, at, x)
    setCursor(clamp(left))
    onPoint(dragFrom === null ? { x: at, left, top, readings, nearest: nearestTo(readings, top) } : null)
  }
  const leave = () => {
    setCursor(null)
    setDragFrom(null)
    onPoint(null)
  }
  const release = (event: PointerEvent<SVGRectElement>) => {
    const { left } = place(event)
    if (dragFrom !== null && Math.abs(left - dragFrom) >= shortestDrag) {
      const ends = [valueAt(dragFrom), valueAt(left)]
      onZoom([Math.min(...ends), Math.max(...ends)])
    }
    setDragFrom(null)
  }

  return (
    <g>
      {cursor !== null && (
        <line className={classes.cursor} x1={cursor} x2={cursor} y1={area.y} y2={area.y + area.height} />
      )}
      {dragFrom !== null && cursor !== null && (
        <rect
          className={classes.drag}
          x={Math.min(dragFrom, cursor)}
          width={Math.abs(cursor - dragFrom)}
          y={area.y}
          height={area.height}
        />
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: by keyboard the same is in the chart's table and buttons */}
      <rect
        className={classes.catcher}
        x={area.x}
        y={area.y}
        width={area.width}
        height={area.height}
        onPointerDown={(event) => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          setDragFrom(clamp(place(event).left))
        }}
        onPointerMove={move}
        onPointerUp={release}
        onPointerLeave={leave}
        onDoubleClick={onReset}
      />
    </g>
  )
}
