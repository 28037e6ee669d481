import { useIntersection } from '@mantine/hooks'
import { memo, type ReactNode, useMemo } from 'react'
import { isRecorded, type Run, type Series, seriesInfos } from '../../../core/contract/domain.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { useHighlight } from '../../app/highlight.ts'
import { useSelection } from '../../app/selection.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { curveOf, formatX, formatY, seriesInfo, xAxisLabels } from '../../charts/series.ts'
import classes from './chart-grid.module.css'
import { useSeries } from './use-series.ts'

/** What a run's curves are drawn with; does not change while it trains. */
type Drawn = Pick<Run, 'id' | 'name' | 'colour'> & { readonly task: TaskName }

const chartHeight = 200

/** One chart a measure, each with the curves of all given runs. */
export function ChartGrid({ runs }: { runs: readonly Run[] }) {
  const { x, smoothing } = useSelection((selection) => selection.charts)
  const drawn = useDrawn(runs)
  const recorded = seriesInfos.filter((info) => runs.some(({ config }) => isRecorded(info, config.task)))
  const series = useSeries(drawn, x, smoothing)
  return (
    <div className={classes.grid}>
      {(runs.length === 0 ? seriesInfos : recorded).map(({ name }) => (
        <WhenSeen key={name}>
          <SeriesChart name={name} series={series} runs={drawn} />
        </WhenSeen>
      ))}
    </div>
  )
}

/** The same array until a run is added, removed, renamed or recoloured: progress alone redraws no chart. */
function useDrawn(runs: readonly Run[]): readonly Drawn[] {
  const key = JSON.stringify(runs.map(({ id, name, colour, config: { task } }) => ({ id, name, colour, task })))
  return useMemo(() => JSON.parse(key) as Drawn[], [key])
}

interface SeriesChartProps {
  name: string
  series: readonly Series[]
  runs: readonly Drawn[]
}

const SeriesChart = memo(function SeriesChart({ name, series, runs }: SeriesChartProps) {
  const { x, logScale } = useSelection((selection) => selection.charts)
  const highlighted = useHighlight((highlight) => highlight.id)
  const setHighlight = useHighlight((highlight) => highlight.set)
  const info = seriesInfo(name)
  const curves = useMemo(
    () =>
      runs.flatMap((run) => {
        const found = series.find((one) => one.run === run.id && one.series === name)
        return found && found.x.length > 0 ? [curveOf(found, run)] : []
      }),
    [series, runs, name],
  )
  return (
    <LineChart
      curves={curves}
      yLabel={info.label}
      unit={info.unit === 'bytes' ? undefined : info.unit}
      xLabel={xAxisLabels[x]}
      logScale={logScale}
      height={chartHeight}
      highlighted={highlighted}
      onHighlight={setHighlight}
      formatX={formatXs[x]}
      formatY={formatYs.get(name)}
      emptyText={runs.length === 0 ? 'All runs are switched off.' : 'Nothing recorded yet.'}
    />
  )
})

/** Made once: a chart is drawn anew when a function it is given is another one. */
const formatXs = {
  step: formatX('step'),
  epoch: formatX('epoch'),
  examples: formatX('examples'),
  tokens: formatX('tokens'),
  time: formatX('time'),
}
const formatYs = new Map(seriesInfos.map((info) => [info.name, formatY(info)]))

/** Draws its children only where they can be seen: a live run would otherwise redraw every chart of a long page. */
function WhenSeen({ children }: { children: ReactNode }) {
  const { ref, entry } = useIntersection({ rootMargin: '200px' })
  const seen = entry?.isIntersecting ?? false
  return (
    <div ref={ref} style={{ minHeight: chartHeight + 42, minWidth: 0 }}>
      {seen && children}
    </div>
  )
}
