import { Modal } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { formatNumber } from '../ui/format.ts'
import { Swatch } from '../ui/swatch.tsx'
import { toCsv, xRange, yRange } from './chart-data.ts'
import { ChartTable } from './chart-table.tsx'
import { type ChartActs, ChartTools } from './chart-tools.tsx'
import { ChartTooltip } from './chart-tooltip.tsx'
import type { Curve, Range } from './curve.ts'
import { saveCsv, savePng, saveSvg } from './download.ts'
import classes from './line-chart.module.css'
import { Plot } from './plot.tsx'
import type { Pointed } from './pointer.tsx'

export interface LineChartProps {
  /** Keep the array the same while nothing changes: a new one is drawn anew. */
  curves: readonly Curve[]
  /** What is measured; stands above the chart and names it for screen readers. */
  yLabel: string
  unit?: string | undefined
  xLabel: string
  logScale?: boolean
  /** Of the drawing, pixels. */
  height?: number
  /** The id of the curves that stand out; the rest is dimmed. */
  highlighted?: string | null
  onHighlight?: (id: string | null) => void
  /** How values read in tooltip, table and axis; without it numbers are rounded to three digits. */
  formatX?: ((value: number) => string) | undefined
  formatY?: ((value: number) => string) | undefined
  /** Said where there is no point yet. */
  emptyText?: string
  /** More buttons for the head. */
  tools?: ReactNode
}

const plain = (value: number) => formatNumber(value, 3)

/** A card with curves of one measure: hover, zoom by dragging, full screen, download, and a table for screen readers. */
export function LineChart(props: LineChartProps) {
  const [expanded, setExpanded] = useState(false)
  return (
    <>
      <Card {...props} expanded={false} onExpand={() => setExpanded(true)} />
      <Modal
        opened={expanded}
        onClose={() => setExpanded(false)}
        fullScreen
        withCloseButton={false}
        aria-label={props.yLabel}
        transitionProps={{ duration: 80 }}
      >
        {expanded && (
          <Card
            {...props}
            height={Math.max(240, window.innerHeight - 84)}
            expanded
            onExpand={() => setExpanded(false)}
          />
        )}
      </Modal>
    </>
  )
}

function Card(props: LineChartProps & { expanded: boolean; onExpand: () => void }) {
  const { curves, yLabel, unit, xLabel, logScale = false, height = 200, highlighted = null, onHighlight } = props
  const { formatX = plain, formatY = plain, emptyText = 'Nothing recorded yet.', tools, expanded } = props
  const { ref: sizeRef, width } = useElementSize()
  const drawing = useRef<HTMLDivElement>(null)
  const [zoom, setZoom] = useState<Range | null>(null)
  const [pointed, setPointed] = useState<Pointed | null>(null)
  const last = useRef<string | null>(null)

  const whole = useMemo(() => xRange(curves), [curves])
  const x = useMemo((): Range | null => zoom ?? (whole && opened(whole)), [zoom, whole])
  const y = useMemo(() => (x ? yRange(curves, x, logScale) : null), [curves, x, logScale])
  const handlers = useMemo(
    () => ({
      onPoint: (next: Pointed | null) => {
        setPointed(next)
        const nearest = next?.nearest ?? null
        if (nearest === last.current) return
        last.current = nearest
        onHighlight?.(nearest)
      },
      onZoom: (range: Range) => setZoom(range),
      onReset: () => setZoom(null),
    }),
    [onHighlight],
  )
  // A chart that goes away under the pointer never sees it leave.
  useEffect(() => () => void (last.current !== null && onHighlight?.(null)), [onHighlight])
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })
  const acts = useMemo((): ChartActs => {
    const svg = () => drawing.current?.querySelector<SVGSVGElement>('svg.recharts-surface')
    const fileName = yLabel.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
    return {
      resetZoom: () => setZoom(null),
      toggleExpanded: () => latest.current.onExpand(),
      save(kind) {
        const drawn = svg()
        if (kind === 'csv') saveCsv(fileName, toCsv(latest.current.curves, latest.current.xLabel))
        else if (drawn && kind === 'png') void savePng(fileName, drawn)
        else if (drawn) saveSvg(fileName, drawn)
      },
    }
  }, [yLabel])
  const known = highlighted !== null && curves.some((curve) => curve.id === highlighted) ? highlighted : null

  return (
    <figure className={classes.card} aria-label={yLabel} style={{ margin: 0 }}>
      <div className={classes.head}>
        <h3 className={classes.title} title={yLabel}>
          {yLabel}
          {unit && <span className={classes.unit}>{unit}</span>}
        </h3>
        {ofOneRun(curves) && <Legend curves={curves} />}
        <ChartTools name={yLabel} empty={y === null} zoomed={zoom !== null} expanded={expanded} acts={acts}>
          {tools}
        </ChartTools>
      </div>
      <div className={classes.plot} ref={drawing}>
        <div ref={sizeRef} style={{ height, overflow: 'hidden' }}>
          {x && y && width > 0 ? (
            <Plot
              curves={curves}
              width={width}
              height={height}
              x={x}
              y={y}
              logScale={logScale}
              highlighted={known}
              formatX={props.formatX}
              formatY={props.formatY}
              {...handlers}
            />
          ) : (
            <div className={classes.nothing} style={{ height }}>
              {curves.length > 0 && x && logScale ? 'No value above zero to show on a log scale.' : emptyText}
            </div>
          )}
        </div>
        {pointed && x && y && (
          <ChartTooltip
            pointed={pointed}
            width={width}
            xLabel={xLabel}
            highlighted={known}
            formatX={formatX}
            formatY={formatY}
          />
        )}
      </div>
      <ChartTable
        caption={`${yLabel} by ${xLabel}`}
        xLabel={xLabel}
        curves={curves}
        formatX={formatX}
        formatY={formatY}
      />
    </figure>
  )
}

/** Several measures of one run have one colour: without a legend nothing but the line style tells them apart. */
function ofOneRun(curves: readonly Curve[]): boolean {
  return curves.length > 1 && curves.every((curve) => curve.id === curves[0]?.id)
}

function Legend({ curves }: { curves: readonly Curve[] }) {
  return (
    <ul className={classes.legend}>
      {curves.map((curve) => (
        <li key={curve.name}>
          <Swatch colour={curve.colour} {...(curve.dash && { dash: curve.dash })} />
          {curve.name}
        </li>
      ))}
    </ul>
  )
}

/** Room at both ends for the first and last point; what begins near zero is shown from zero. */
function opened([low, high]: Range): Range {
  if (low === high) return [low - 1, high + 1]
  const start = low > 0 && low < high / 3 ? 0 : low
  const room = (high - start) * 0.012
  return [start - room, high + room]
}
