import { type MetricRow, type Run, seriesInfos } from '../contract/domain.ts'
import { repeatsOf, spreadOf } from './repeats.ts'

/**
 * Last and best value of each series that any of the runs has, how far from the first run's, and how far those of its
 * repeats, which are looked for among `all`, lie apart.
 */
export function metricTable(runs: readonly Run[], all: readonly Run[]): MetricRow[] {
  const repeats = runs.map((run) => repeatsOf(run, all))
  return seriesInfos
    .filter(({ name }) => runs.some(({ metrics }) => metrics[name]))
    .map(({ name, label, unit, better }) => {
      const baseline = runs[0]?.metrics[name]
      const values = runs.map(({ metrics }, i) => {
        const own = metrics[name]
        if (!own) return null
        return {
          ...own,
          // Nothing to compare with is no difference: the baseline's own cell is null and says so.
          deltaLast: baseline ? own.last.value - baseline.last.value : 0,
          deltaBest: baseline ? own.best.value - baseline.best.value : 0,
          spread: spreadOf(repeats[i] ?? [], name),
        }
      })
      return { series: name, label, unit, better, values }
    })
}
