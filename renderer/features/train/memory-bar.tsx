import type { MemoryForecast, PreflightVerdict } from '../../../core/contract/preflight.ts'
import { formatBytes, formatPercent } from '../../ui/format.ts'
import styles from './forecast.module.css'
import { memoryText, needText } from './forecast-text.ts'

const partNames: Readonly<Record<MemoryForecast['parts'][number]['name'], string>> = {
  program: 'Program and libraries',
  weights: 'Weights',
  optimizer: 'Optimizer',
  activations: 'Activations and gradients',
  rows: 'Rows',
  saving: 'Saving',
}

/** A run's memory beside what can be had, and what it is made of. */
export function MemoryBar({ memory, verdict }: { memory: MemoryForecast; verdict: PreflightVerdict }) {
  const { neededBytes, availableBytes } = memory
  const whole = Math.max(neededBytes, availableBytes, 1)
  return (
    <div className={styles.memory}>
      <div className={styles.memoryHead}>
        <span>Peak memory</span>
        <b>{memoryText(memory)}</b>
      </div>
      {/* What it shows is said below it. */}
      <div className={styles.bar} aria-hidden data-verdict={verdict}>
        <div className={styles.fill} style={{ width: formatShare(neededBytes / whole) }} />
        {neededBytes > availableBytes && (
          <div className={styles.limit} style={{ left: formatShare(availableBytes / whole) }} />
        )}
      </div>
      <details className={styles.parts}>
        <summary>{needText(memory)}</summary>
        <dl>
          {memory.parts.map(({ name, bytes }) => (
            <div key={name}>
              <dt>{partNames[name]}</dt>
              <dd>
                {formatBytes(bytes)} <small>{formatPercent(bytes / Math.max(1, memory.peakBytes), 0)}</small>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </div>
  )
}

/** For a style sheet. */
function formatShare(share: number): string {
  return `${(100 * share).toFixed(2)}%`
}
