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

/** Measures that are read against each other share a chart; what each is called there. */
const shared: readonly { title: string; labels: Readonly<Record<string, string>> }[] = [
  { title: 'Loss', labels: { 'train/loss': 'Training', 'eval/loss': 'Validation' } },
  { title: 'Accuracy and F1', labels: { 'eval/accuracy': 'Accuracy', 'eval/f1': 'F1 (macro)' } },
  { title: 'Error rate', labels: { 'eval/wer': 'Words', 'eval/cer': 'Characters' } },
  { title: 'BLEU and chrF', labels: { 'eval/bleu': 'BLEU', 'eval/chrf': 'chrF' } },
  { title: 'Correlation', labels: { 'eval/pearson': 'Pearson', 'eval/spearman': 'Spearman' } },
  {
    title: 'Entities',
    labels: { 'eval/entity_f1': 'F1', 'eval/precision': 'Precision', 'eval/recall': 'Recall' },
  },
  { title: 'Rewards', labels: { 'eval/reward_chosen': 'Chosen', 'eval/reward_rejected': 'Rejected' } },
]
const dashes: readonly Dash[] = ['solid', 'dashed', 'dotted']

/** One run's measures, those that a run of this task records. */
function chartsOf(task: TaskName): Chart[] {
  const recorded = seriesInfos.filter((info) => isRecorded(info, task))
  const charts = recorded.map(({ name, label }): Chart => {
    const together = shared.find(({ labels }) => labels[name] !== undefined)
    const names = recorded.map((info) => info.name).filter((other) => together?.labels[other] !== undefined)
    if (!together || names.length < 2) return { title: label, series: [{ name, label, dash: 'solid' }] }
    const series = names.map((one, i) => ({
      name: one,
      label: together.labels[one] ?? one,
      dash: dashes[i] ?? 'solid',
    }))
    return { title: together.title, series }
  })
  return charts.filter(({ title }, i) => charts.findIndex((other) => other.title === title) === i)
}

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
