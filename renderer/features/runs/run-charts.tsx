import { memo, useMemo } from 'react'
import { isRecorded, type Run, type Series, seriesInfos } from '../../../core/contract/domain.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { useSelection } from '../../app/selection.ts'
import type { Dash } from '../../charts/curve.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { curveOf, formatX, formatY, seriesInfo, xAxisLabels } from '../../charts/series.ts'
import classes from './chart-grid.module.css'
import { ChartSettings } from './chart-settings.tsx'
import { useSeries } from './use-series.ts'

interface Chart {
  title: string
  /** Drawn in one chart; the line style tells them apart. */
  series: readonly { name: string; label: string; dash: Dash }[]
}

function single(name: string): Chart {
  const { label } = seriesInfo(name)
  return { title: label, series: [{ name, label, dash: 'solid' }] }
}

/** One run's measures: those that are read against each other share a chart. */
const charts: readonly Chart[] = [
  {
    title: 'Loss',
    series: [
      { name: 'train/loss', label: 'Training', dash: 'solid' },
      { name: 'eval/loss', label: 'Validation', dash: 'dashed' },
    ],
  },
  {
    title: 'Validation accuracy and F1',
    series: [
      { name: 'eval/accuracy', label: 'Accuracy', dash: 'solid' },
      { name: 'eval/f1', label: 'F1 (macro)', dash: 'dashed' },
    ],
  },
  single('eval/perplexity'),
  single('eval/token_accuracy'),
  single('train/learning_rate'),
  single('train/grad_norm'),
  single('perf/examples_per_second'),
  single('perf/tokens_per_second'),
  single('perf/memory'),
]
const names = seriesInfos.map((info) => info.name)

/** Those that a run of this task records. */
function chartsOf(task: TaskName): readonly Chart[] {
  return charts.filter(({ series }) => series.some(({ name }) => isRecorded(seriesInfo(name), task)))
}

export function RunCharts({ run }: { run: Pick<Run, 'id' | 'name' | 'colour' | 'config'> }) {
  const { x, smoothing } = useSelection((selection) => selection.charts)
  const ids = useMemo(() => [run.id], [run.id])
  const series = useSeries(ids, names, x, smoothing)
  return (
    <>
      <ChartSettings drawn={1} drawable={1} />
      <div className={classes.grid}>
        {chartsOf(run.config.task).map((chart) => (
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
