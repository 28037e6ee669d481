import type { TokenPreview } from '../../../core/contract/domain.ts'
import { formatCount, plural } from '../../ui/format.ts'
import styles from './datasets.module.css'
import tokensStyles from './tokens.module.css'

export interface LengthHistogramProps {
  lengths: TokenPreview['lengths']
  maxLength: number
}

/** Rows by token count; what lies beyond the max length is drawn hollow. */
export function LengthHistogram({ lengths, maxLength }: LengthHistogramProps) {
  const most = Math.max(1, ...lengths.histogram.map(({ count }) => count))
  return (
    <figure className={tokensStyles.histogram} aria-label="Rows by length in tokens">
      <div className={tokensStyles.columns} aria-hidden>
        {lengths.histogram.map(({ upTo, count }, at) => {
          const from = (lengths.histogram[at - 1]?.upTo ?? 0) + 1
          return (
            <div
              key={upTo}
              className={tokensStyles.column}
              title={`${from} to ${upTo} tokens: ${plural(count, 'row')}`}
            >
              <div
                className={tokensStyles.columnBar}
                data-cut={upTo > maxLength || undefined}
                style={{ height: count === 0 ? 0 : `max(2px, ${(100 * count) / most}%)` }}
              />
              <span className={tokensStyles.columnLabel}>{formatCount(upTo)}</span>
            </div>
          )
        })}
      </div>
      <figcaption className={styles.columnFacts}>
        Rows by length in tokens (up to); hollow: longer than {formatCount(maxLength)}
      </figcaption>
      <table className={tokensStyles.forReaders}>
        <caption>Rows by length in tokens</caption>
        <tbody>
          {lengths.histogram.map(({ upTo, count }) => (
            <tr key={upTo}>
              <th scope="row">up to {upTo} tokens</th>
              <td>{plural(count, 'row')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}
