import type { MetricRow, Run } from '../../../core/contract/domain.ts'
import { resultsOf } from '../../../core/contract/judgement.ts'
import { useHighlight } from '../../app/highlight.ts'
import { formatCount, formatDuration, formatShort, formatValue } from '../../ui/format.ts'
import { StateBadge } from '../../ui/state-badge.tsx'
import { spreadAt, winners } from './metric-cells.ts'
import { RunName } from './run-name.tsx'
import { SpreadNote } from './spread-note.tsx'
import styles from './table.module.css'

/** Figures beside the one that runs are judged by. */
const most = 5

/** What tells of the runs, as far as any of them has it. */
function shownOf(runs: readonly Run[], rows: readonly MetricRow[]): MetricRow[] {
  return resultsOf(runs[0]?.config.task ?? 'text-classification', most).flatMap(({ name }) => {
    const row = rows.find(({ series }) => series === name)
    return row?.values.some((value) => value !== null) ? [row] : []
  })
}

/** Each run's best validation figures, with the step they come from, and what they cost. */
export function BestTable({ runs, rows }: { runs: readonly Run[]; rows: readonly MetricRow[] }) {
  const highlighted = useHighlight((highlight) => highlight.id)
  const metrics = shownOf(runs, rows)
  return (
    <div className={styles.scroll}>
      <table className={styles.table} aria-label="Best figures of each run">
        <thead>
          <tr>
            <th scope="col">Run</th>
            {metrics.map((row) => (
              <th scope="col" key={row.series} className={styles.end}>
                {row.label}
                {row.unit && <span className={styles.unit}> {row.unit}</span>}
              </th>
            ))}
            <th scope="col" className={styles.end}>
              Trained parameters
            </th>
            <th scope="col" className={styles.end}>
              Training time
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run, at) => (
            <tr key={run.id} data-run={run.id} data-lit={highlighted === run.id || undefined}>
              <th scope="row">
                <RunName run={run} baseline={at === 0} />
              </th>
              {metrics.map((row) => {
                const best = row.values[at]?.best
                return (
                  <td
                    key={row.series}
                    className={styles.end}
                    data-winner={winners(row, 'best').includes(at) || undefined}
                  >
                    {formatValue(best?.value, row.unit)}
                    <span className={styles.step}>{best ? `step ${formatCount(best.step)}` : ''}</span>
                    <SpreadNote spread={spreadAt(row.values[at], 'best')} unit={row.unit} />
                  </td>
                )
              })}
              <td className={styles.end}>{run.plan ? formatShort(run.plan.trainableParameters) : '–'}</td>
              <td className={styles.end}>{formatDuration(run.timings && run.timings.seconds * 1000)}</td>
              <td>
                <StateBadge state={run.state} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
