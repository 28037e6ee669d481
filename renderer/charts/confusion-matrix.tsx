import type { CSSProperties } from 'react'
import type { Confusion } from '../../core/contract/domain.ts'
import { formatPercent } from '../ui/format.ts'
import styles from './confusion-matrix.module.css'

interface ConfusionMatrixProps {
  readonly confusion: Confusion
  /** What the table is called to those who hear it. */
  readonly label: string
}

/** Classes down, what they were taken for across; how strong a cell is says its share of its row. */
export function ConfusionMatrix({ confusion: { labels, counts }, label }: ConfusionMatrixProps) {
  return (
    <div className={styles.scroll}>
      <table className={styles.matrix} aria-label={label}>
        <thead>
          <tr>
            <th scope="col" className={styles.corner}>
              is ↓ taken for →
            </th>
            {labels.map((predicted) => (
              <th key={predicted} scope="col" title={predicted}>
                <span>{predicted}</span>
              </th>
            ))}
            <th scope="col">right</th>
          </tr>
        </thead>
        <tbody>
          {counts.map((row, gold) => (
            <Line key={labels[gold]} labels={labels} row={row} gold={gold} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Line({ labels, row, gold }: { labels: readonly string[]; row: readonly number[]; gold: number }) {
  const total = row.reduce((sum, count) => sum + count, 0)
  return (
    <tr>
      <th scope="row" title={labels[gold]}>
        {labels[gold]}
      </th>
      {row.map((count, predicted) => (
        <td
          key={labels[predicted]}
          data-right={predicted === gold || undefined}
          data-none={count === 0 || undefined}
          title={`${count} of ${total}: ${labels[gold]} taken for ${labels[predicted]}`}
          style={{ '--share': total === 0 ? 0 : count / total } as CSSProperties}
        >
          {count}
        </td>
      ))}
      <td className={styles.share}>{total === 0 ? '' : formatPercent((row[gold] as number) / total, 0)}</td>
    </tr>
  )
}
