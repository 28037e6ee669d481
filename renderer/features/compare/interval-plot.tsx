import type { Verdict } from '../../../core/contract/domain.ts'
import { differenceText, type IntervalScale, points, signedDifference } from './interval-scale.ts'
import styles from './verdict.module.css'

const width = 300
const height = 54
const margin = 14
const middle = 18

/** The difference with its 95 % interval against the line of no difference. */
export function IntervalPlot({ verdict, scale }: { verdict: Verdict; scale: IntervalScale }) {
  const at = (value: number) => margin + scale.place(value) * (width - 2 * margin)
  const { by, low, high, difference, outcome } = verdict
  const signed = (value: number) => signedDifference(by, value)
  const label = `Difference ${differenceText(verdict, difference)}, 95 % interval from ${signed(low)} to ${signed(high)}`
  return (
    <svg
      className={styles.interval}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
      data-outcome={outcome}
    >
      <title>{label}</title>
      <line className={styles.axis} x1={margin} x2={width - margin} y1={36} y2={36} />
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line className={styles.axis} x1={at(tick)} x2={at(tick)} y1={36} y2={39} />
          <text className={styles.tick} x={at(tick)} y={50} textAnchor="middle">
            {by === 'right' ? points(tick, tick !== 0 && Math.abs(tick) < 0.01 ? 1 : 0) : signed(tick)}
          </text>
        </g>
      ))}
      <line className={styles.zero} x1={at(0)} x2={at(0)} y1={2} y2={36} />
      <line className={styles.whisker} x1={at(low)} x2={at(high)} y1={middle} y2={middle} />
      <line className={styles.whisker} x1={at(low)} x2={at(low)} y1={middle - 5} y2={middle + 5} />
      <line className={styles.whisker} x1={at(high)} x2={at(high)} y1={middle - 5} y2={middle + 5} />
      <circle className={styles.dot} cx={at(difference)} cy={middle} r={4.5} />
    </svg>
  )
}
