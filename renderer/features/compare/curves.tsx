import { Button, Select, Slider, Switch } from '@mantine/core'
import { keepPreviousData } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import {
  isRecorded,
  isResult,
  type Run,
  type SeriesInfo,
  seriesInfos,
  xAxisSchema,
} from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { useSelection } from '../../app/selection.ts'
import { LineChart } from '../../charts/line-chart.tsx'
import { curveOf, formatX, formatY, seriesInfo, xAxisLabels } from '../../charts/series.ts'
import { useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import styles from './compare.module.css'
import { Section } from './section.tsx'

/** What is trained on and judged by; the rest tells how the training went. */
function seriesOf(runs: readonly Run[]): { first: string[]; rest: string[] } {
  const recorded = seriesInfos.filter((info) => runs.some(({ config }) => isRecorded(info, config.task)))
  const namesOf = (infos: readonly SeriesInfo[]) => infos.map(({ name }) => name)
  return { first: namesOf(recorded.filter(isResult)), rest: namesOf(recorded.filter((info) => !isResult(info))) }
}

/** The runs' curves, one chart a measure; drawn as on every other screen. */
export function Curves({ runs }: { runs: readonly Run[] }) {
  const [all, setAll] = useState(false)
  const { x, smoothing } = useSelection((selection) => selection.charts)
  const { first, rest } = seriesOf(runs)
  const names = all ? [...first, ...rest] : first
  const { data, error } = useCall(
    'metrics.series',
    { runs: runs.map((run) => run.id), series: names, x, smoothing },
    { placeholderData: keepPreviousData },
  )
  // Progress alone must not redraw every chart: what is drawn of a run is its name and colour.
  const key = JSON.stringify(runs.map(({ id, name, colour }) => ({ id, name, colour })))
  const curves = useMemo(() => {
    const drawn = JSON.parse(key) as Pick<Run, 'id' | 'name' | 'colour'>[]
    return new Map(
      seriesInfos.map(({ name }) => [
        name,
        drawn.flatMap((run) => {
          const found = data?.series.find((one) => one.run === run.id && one.series === name)
          return found && found.x.length > 0 ? [curveOf(found, run)] : []
        }),
      ]),
    )
  }, [data, key])
  return (
    <Section id="curves" tools={<Controls />}>
      {error && <ErrorPanel error={error} />}
      <div className={styles.charts}>
        {names.map((name) => (
          <Chart key={name} name={name} curves={curves.get(name) ?? []} />
        ))}
      </div>
      <Button variant="subtle" size="compact-xs" mt={8} onClick={() => setAll(!all)}>
        {all ? 'Fewer curves' : 'Learning rate, gradient norm, speed and memory'}
      </Button>
    </Section>
  )
}

const axes = xAxisSchema.options.map((axis) => ({ value: axis, label: xAxisLabels[axis], format: formatX(axis) }))

function Chart({ name, curves }: { name: string; curves: React.ComponentProps<typeof LineChart>['curves'] }) {
  const { x, logScale } = useSelection((selection) => selection.charts)
  const { id, set } = useHighlight()
  const info = useMemo(() => seriesInfo(name), [name])
  const format = useMemo(() => formatY(info), [info])
  const axis = axes.find(({ value }) => value === x)
  return (
    <LineChart
      curves={curves}
      yLabel={info.label}
      unit={info.unit === 'bytes' ? undefined : info.unit}
      xLabel={xAxisLabels[x]}
      logScale={logScale}
      height={210}
      highlighted={id}
      onHighlight={set}
      formatY={format}
      {...(axis && { formatX: axis.format })}
    />
  )
}

/** Near 1 is where smoothing matters: the slider runs over the number of points averaged, 1 / (1 − weight). */
const toPlace = (weight: number) => Math.log10(1 / (1 - weight))
const toWeight = (place: number) => Math.min(0.999, Math.round((1 - 10 ** -place) * 1000) / 1000)

function Controls() {
  const { charts, setCharts } = useSelection()
  const [dragged, setDragged] = useState<number | null>(null)
  const place = dragged ?? toPlace(charts.smoothing)
  return (
    <>
      <div className={styles.control}>
        <span id="smoothing-label">Smoothing</span>
        <Slider
          w={120}
          size={4}
          thumbSize={12}
          label={null}
          min={0}
          max={3}
          step={0.01}
          value={place}
          onChange={setDragged}
          onChangeEnd={(end) => {
            setDragged(null)
            setCharts({ smoothing: toWeight(end) })
          }}
          thumbProps={{ 'aria-labelledby': 'smoothing-label', 'aria-valuetext': String(toWeight(place)) }}
        />
        <span className={`tabular ${styles.weight}`}>{toWeight(place)}</span>
      </div>
      <Switch
        label="Log scale"
        checked={charts.logScale}
        onChange={(event) => setCharts({ logScale: event.currentTarget.checked })}
      />
      <Select
        aria-label="X axis"
        w={128}
        data={axes.map(({ value, label }) => ({ value, label }))}
        value={charts.x}
        allowDeselect={false}
        onChange={(value) => {
          const axis = xAxisSchema.safeParse(value)
          if (axis.success) setCharts({ x: axis.data })
        }}
      />
    </>
  )
}
