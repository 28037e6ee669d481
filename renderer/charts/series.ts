import { type Run, type Series, type SeriesInfo, seriesInfos, type XAxis } from '../../core/contract/domain.ts'
import { taskJudgements } from '../../core/contract/judgement.ts'
import { formatCount, formatDuration, formatPercent, formatShort, formatValue } from '../ui/format.ts'
import type { Curve, Dash } from './curve.ts'
import { runColour, runDash } from './palette.ts'

/** Few and exact points: an average over them would show values that were never measured. */
function isSmoothed(name: string): boolean {
  return !name.startsWith('eval/') && name !== 'train/learning_rate'
}

/** A fetched series in a run's colour, ready to draw. Validation measures and the learning rate are never smoothed. */
export function curveOf(series: Series, run: Pick<Run, 'id' | 'name' | 'colour'>, dash?: Dash): Curve {
  return {
    id: run.id,
    name: run.name,
    colour: runColour(run.colour),
    dash: dash ?? runDash(run.colour),
    x: series.x,
    raw: series.last,
    min: series.min,
    max: series.max,
    smooth: isSmoothed(series.series) ? series.smooth : series.last,
  }
}

export const xAxisLabels: Record<XAxis, string> = {
  step: 'Step',
  epoch: 'Epoch',
  examples: 'Examples',
  tokens: 'Tokens',
  time: 'Training time',
}

/** How a value on this axis reads; undefined: as a plain number. Time is in seconds of training, evaluation and saving left out. */
export function formatX(axis: XAxis): ((value: number) => string) | undefined {
  if (axis === 'time') return (seconds) => formatDuration(seconds * 1000)
  if (axis === 'epoch') return undefined
  return (value) => (Math.abs(value) >= 10_000 ? formatShort(value) : formatCount(value))
}

/** How a value of this series reads on the axis and in the tooltip; undefined: as a plain number. */
export function formatY(info: Pick<SeriesInfo, 'unit'>): ((value: number) => string) | undefined {
  if (info.unit === 'bytes') return (value) => formatValue(value, 'bytes')
  if (info.unit === '1/s') return (value) => formatShort(value)
  return undefined
}

export function seriesInfo(name: string): SeriesInfo {
  return seriesInfos.find((info) => info.name === name) ?? { name, label: name, unit: '', better: null }
}

/** A measure as a person reads it: shares of right answers in percent. */
export function formatMeasure({ name, unit }: Pick<SeriesInfo, 'name' | 'unit'>, value: number | null): string {
  const isShare = Object.values(taskJudgements).some(({ by, metric }) => by === 'right' && metric === name)
  return isShare ? formatPercent(value) : formatValue(value, unit)
}

export interface BestResult {
  /** "accuracy 95.7 %", "loss 2.310". */
  readonly text: string
  /** What runs are sorted by: the measure, then its value. */
  readonly order: readonly [string, number]
  readonly step: number
}

/** What a run is judged by, as good as it has been; null before an evaluation. */
export function bestResult({ config, metrics }: Pick<Run, 'config' | 'metrics'>): BestResult | null {
  const { metric, short } = taskJudgements[config.task]
  const best = metrics[metric]?.best
  if (!best) return null
  const text = `${short} ${formatMeasure(seriesInfo(metric), best.value)}`
  return { text, order: [short, best.value], step: best.step }
}
