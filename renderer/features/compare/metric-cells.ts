import type { MetricRow, Run } from '../../../core/contract/domain.ts'

export type At = 'best' | 'last'

export interface MetricCell {
  readonly value: number
  /** Null where the value belongs to the whole run. */
  readonly step: number | null
  /** Against the baseline; null in the baseline's own column, and where the baseline has none. */
  readonly delta: number | null
  /** `delta` as a share of the baseline's value; null also where that is zero. */
  readonly share: number | null
  /** Null where neither way is better, or there is no difference. */
  readonly improves: boolean | null
  /** Over the run and its repeats; null where there are none. */
  readonly spread: Spread | null
}

export interface Spread {
  readonly mean: number
  readonly deviation: number
  readonly runs: number
}

/** Mean and deviation of one value of a row over the repeats of a run. */
export function spreadAt(value: MetricRow['values'][number] | undefined, at: At): Spread | null {
  return value?.spread ? { ...value.spread[at], runs: value.spread.runs } : null
}

export interface MetricLine {
  readonly key: string
  readonly label: string
  readonly unit: string
  readonly better: MetricRow['better']
  /** One per run; null where it has none. */
  readonly cells: readonly (MetricCell | null)[]
  /** Columns that hold the best value; empty where all are equal. */
  readonly winners: readonly number[]
}

/** Columns with the best value of a row; none where there is nothing to win. */
export function winners(row: Pick<MetricRow, 'better' | 'values'>, at: At): number[] {
  return winnersOf(
    row.values.map((value) => value?.[at].value ?? null),
    row.better,
  )
}

function winnersOf(values: readonly (number | null)[], better: MetricRow['better']): number[] {
  const there = values.filter((value) => value !== null)
  if (better === null || there.length < 2) return []
  const best = better === 'higher' ? Math.max(...there) : Math.min(...there)
  if (there.every((value) => value === best)) return []
  return values.flatMap((value, column) => (value === best ? [column] : []))
}

function cellOf(value: number, step: number | null, base: number | null, better: MetricRow['better']): MetricCell {
  const delta = base === null ? null : value - base
  const even = delta === null || base === null || Math.abs(delta) <= negligible * Math.abs(base)
  return {
    value,
    step,
    delta,
    share: delta === null || base === null || base === 0 ? null : delta / Math.abs(base),
    improves: even || better === null ? null : delta > 0 === (better === 'higher'),
    spread: null,
  }
}

/** Of the baseline's value: smaller differences are not called better or worse. */
const negligible = 0.0005

/** One line a series that any of the runs recorded. Where neither way is better, "best" has no meaning: the last stands. */
export function metricLines(rows: readonly MetricRow[], chosen: At): MetricLine[] {
  return rows
    .filter((row) => row.values.some((value) => value !== null))
    .map((row) => {
      const at = row.better === null ? 'last' : chosen
      const base = row.values[0]?.[at].value ?? null
      return {
        key: row.series,
        label: row.label,
        unit: row.unit,
        better: row.better,
        cells: row.values.map(
          (value, column) =>
            value && {
              ...cellOf(value[at].value, value[at].step, column === 0 ? null : base, row.better),
              // A schedule is the same whatever the seed.
              spread: row.better === null ? null : spreadAt(value, at),
            },
        ),
        winners: winners(row, at),
      }
    })
}

const costs: readonly { key: string; label: string; unit: string; of: (run: Run) => number | undefined | null }[] = [
  { key: 'seconds', label: 'Training time', unit: 'ms', of: ({ timings }) => timings && timings.seconds * 1000 },
  { key: 'total', label: 'Time in all', unit: 'ms', of: ({ timings }) => timings && timings.totalSeconds * 1000 },
  {
    key: 'epoch',
    label: 'Time per epoch',
    unit: 'ms',
    of: ({ timings, epoch }) => (timings && epoch > 0 ? (timings.seconds * 1000) / epoch : null),
  },
  { key: 'median', label: 'Median step', unit: 'ms', of: ({ timings }) => timings?.medianStepMs },
  { key: 'peak', label: 'Peak memory', unit: 'bytes', of: ({ timings }) => timings?.peakMemoryBytes },
  { key: 'trained', label: 'Trained parameters', unit: 'count', of: ({ plan }) => plan?.trainableParameters },
  { key: 'disk', label: 'Size on disk', unit: 'bytes', of: ({ bytes }) => bytes },
]

/** What each run took: less is better. */
export function costLines(runs: readonly Run[]): MetricLine[] {
  return costs
    .map(({ key, label, unit, of }) => {
      const values = runs.map((run) => of(run) ?? null)
      const base = values[0] ?? null
      return {
        key,
        label,
        unit,
        better: 'lower' as const,
        cells: values.map((value, column) =>
          value === null ? null : cellOf(value, null, column === 0 ? null : base, 'lower'),
        ),
        winners: winnersOf(values, 'lower'),
      }
    })
    .filter(({ cells }) => cells.some((cell) => cell !== null))
}
