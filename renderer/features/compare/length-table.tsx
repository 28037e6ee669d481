import type { Run } from '../../../core/contract/domain.ts'
import { useCall } from '../../client/hooks.ts'
import { formatCount, formatValue } from '../../ui/format.ts'
import { RunHead } from './run-head.tsx'
import { Section } from './section.tsx'
import styles from './table.module.css'

/** How well each run does on short and on long texts. Nothing where there are no common rows, or no text to count. */
export function LengthTable({ runs }: { runs: readonly Run[] }) {
  const { data } = useCall('comparisons.byLength', { runs: runs.map(({ id }) => id) })
  const found = data?.byLength
  if (!found || found.buckets.length === 0) return null
  const { label, unit, better, buckets, tokensOf } = found
  return (
    <Section id="lengths" note={`${label}${unit ? `, ${unit}` : ''}, by tokens of ${tokensOf} before any cut`}>
      <div className={styles.scroll}>
        <table className={styles.table} aria-label={`${label} by length of the text`}>
          <thead>
            <tr>
              <th scope="col" className={styles.sticky}>
                Tokens
              </th>
              {runs.map((run, column) => (
                <RunHead key={run.id} run={run} baseline={column === 0} end />
              ))}
            </tr>
          </thead>
          <tbody>
            {buckets.map(({ from, to, rows, values }) => (
              <tr key={from}>
                <th scope="row" className={styles.sticky}>
                  {to === null ? `${formatCount(from)} and more` : `${formatCount(from)} to ${formatCount(to)}`}
                  <span className={styles.unit}> {formatCount(rows)} rows</span>
                </th>
                {values.map((value, column) => (
                  <td
                    key={runs[column]?.id}
                    className={styles.end}
                    data-run={runs[column]?.id}
                    data-baseline={column === 0 || undefined}
                    data-winner={isBest(values, column, better) || undefined}
                  >
                    <span className={styles.value}>{formatValue(value, unit)}</span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  )
}

/** Better than another, and than or as good as all. */
function isBest(values: readonly number[], column: number, better: 'lower' | 'higher'): boolean {
  const best = better === 'higher' ? Math.max(...values) : Math.min(...values)
  return values[column] === best && values.some((value) => value !== best)
}
