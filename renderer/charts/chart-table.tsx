import { VisuallyHidden } from '@mantine/core'
import { useThrottledValue } from '@mantine/hooks'
import { memo } from 'react'
import { tableOf } from './chart-data.ts'
import type { Curve } from './curve.ts'

export interface ChartTableProps {
  caption: string
  xLabel: string
  curves: readonly Curve[]
  formatX: (value: number) => string
  formatY: (value: number) => string
}

const rows = 12
/** A live curve need not be read out four times a second. */
const refreshEveryMs = 3000

/** What the chart shows, as a table for screen readers. */
export function ChartTable({ curves, ...rest }: ChartTableProps) {
  return <Steady curves={useThrottledValue(curves, refreshEveryMs)} {...rest} />
}

const Steady = memo(function Steady({ caption, xLabel, curves, formatX, formatY }: ChartTableProps) {
  return (
    <VisuallyHidden>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{xLabel}</th>
            {curves.map((curve) => (
              <th scope="col" key={`${curve.id} ${curve.name}`}>
                {curve.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tableOf(curves, rows).map(({ x, values }) => (
            <tr key={x}>
              <th scope="row">{formatX(x)}</th>
              {curves.map((curve, index) => {
                const value = values[index] ?? null
                return <td key={`${curve.id} ${curve.name}`}>{value === null ? 'none' : formatY(value)}</td>
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </VisuallyHidden>
  )
})
