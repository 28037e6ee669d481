import { formatCount, formatPercent } from '../../ui/format.ts'
import type { ClassShare } from './columns.ts'
import styles from './datasets.module.css'

export interface ClassBarsProps {
  classes: readonly ClassShare[]
  /** Given where a click filters by the class. */
  onPick?: (label: string) => void
  picked?: string | null
}

/** How the rows spread over the classes; the largest fills the width. */
export function ClassBars({ classes, onPick, picked = null }: ClassBarsProps) {
  const most = classes[0]?.share ?? 1
  return (
    <table className={styles.bars} aria-label="Rows per class">
      <tbody>
        {classes.map(({ label, count, share }) => (
          <tr key={label} data-dim={(picked !== null && picked !== label) || undefined}>
            <th scope="row" title={label}>
              {onPick ? (
                <button type="button" aria-pressed={picked === label} onClick={() => onPick(label)}>
                  {label}
                </button>
              ) : (
                label
              )}
            </th>
            <td className={styles.barCell}>
              <div className={styles.bar} style={{ width: `${(100 * share) / most}%` }} />
            </td>
            <td className={styles.number}>{formatCount(count)}</td>
            <td className={styles.number}>{formatPercent(share)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
