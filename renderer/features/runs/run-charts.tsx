import { memo, useMemo } from 'react'
import type { Run, Series } from '../../../core/contract/domain.ts'
import { useSelection } from '../../app/selection.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { curveOf, formatX, formatY, seriesInfo, xAxisLabels } from '../../charts/series.ts'
import classes from './chart-grid.module.css'
import { type Chart, chartsOf } from './chart-groups.ts'
import { ChartSettings } from './chart-settings.tsx'
import { useSeries } from './use-series.ts'

export function RunCharts({ run }: { run: Pick<Run, 'id' | 'name' | 'colour' | 'config'> }) {
  const { x, smoothing } = useSelection((selection) => selection.charts)
  const { task } = run.config
  const runs = useMemo(() => [{ id: run.id, task }], [run.id, task])
  const charts = useMemo(() => chartsOf(task), [task])
  const series = useSeries(runs, x, smoothing)
  return (
    <>
      <ChartSettings drawn={1} drawable={1} />
      <div className={classes.grid}>
        {charts.map((chart) => (
          <RunChart key={chart.title} chart={chart} series={series} id={run.id} colour={run.colour} />
        ))}
      </div>
    </>
  )
}

interface RunChartProps {
  chart: Chart
  series: readonly Series[]
  id: string
  colour: number
}

const RunChart = memo(function RunChart({ chart, series, id, colour }: RunChartProps) {
  const { x, logScale } = useSelection((selection) => selection.charts)
  const info = seriesInfo(chart.series[0]?.name ?? '')
  const curves = useMemo(
    () =>
      chart.series.flatMap(({ name, label, dash }) => {
        const found = series.find((one) => one.series === name && one.run === id)
        return found && found.x.length > 0 ? [curveOf(found, { id, name: label, colour }, dash)] : []
      }),
    [chart, series, id, colour],
  )
  const formats = useMemo(() => ({ formatX: formatX(x), formatY: formatY(info) }), [x, info])
  return (
    <LineChart
      curves={curves}
      yLabel={chart.title}
      unit={info.unit === 'bytes' ? undefined : info.unit}
      xLabel={xAxisLabels[x]}
      logScale={logScale}
      height={220}
      {...formats}
    />
  )
})
