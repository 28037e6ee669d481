import { formatNumber, formatValue } from '../../ui/format.ts'
import type { Spread } from './metric-cells.ts'
import styles from './table.module.css'

/** "0.951 ± 0.004 over 4 seeds": what chance alone does to a figure. Nothing for a run without repeats. */
export function SpreadNote({ spread, unit }: { spread: Spread | null; unit: string }) {
  if (spread === null) return null
  const { mean, deviation, runs } = spread
  const text = unit === 'bytes' || unit === '1/s' ? formatValue(deviation, unit) : formatNumber(deviation, 2)
  return (
    <span
      className={styles.step}
      title="Mean and standard deviation over the finished runs that differ by their seed alone"
    >
      {formatValue(mean, unit)} ± {text} over {runs} seeds
    </span>
  )
}
