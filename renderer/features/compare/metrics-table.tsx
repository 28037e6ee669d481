import { SegmentedControl } from '@mantine/core'
import { ArrowDown, ArrowUp } from 'lucide-react'
import type { MetricRow, Run } from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { formatChange, formatCount, formatDelta, formatDuration, formatShort, formatValue } from '../../ui/format.ts'
import { type At, costLines, type MetricCell, type MetricLine, metricLines } from './metric-cells.ts'
import { RunHead } from './run-head.tsx'
import { Section } from './section.tsx'
import { SpreadNote } from './spread-note.tsx'
import styles from './table.module.css'

export interface MetricsTableProps {
  runs: readonly Run[]
  rows: readonly MetricRow[]
  at: At
  onAt: (at: At) => void
}

/** Every series' best or last value, each with its step and its difference to the baseline; then what the runs cost. */
export function MetricsTable({ runs, rows, at, onAt }: MetricsTableProps) {
  return (
    <Section
      id="metrics"
      note="differences are against the baseline"
      tools={
        <SegmentedControl
          aria-label="Which value"
          data={[
            { value: 'best', label: 'Best' },
            { value: 'last', label: 'Last' },
          ]}
          value={at}
          onChange={(value) => onAt(value === 'last' ? 'last' : 'best')}
        />
      }
    >
      <div className={styles.scroll}>
        <table className={styles.table} aria-label={`Metrics, ${at} values`}>
          <thead>
            <tr>
              <th scope="col" className={styles.sticky}>
                Metric
              </th>
              {runs.map((run, column) => (
                <RunHead key={run.id} run={run} baseline={column === 0} end />
              ))}
            </tr>
          </thead>
          <tbody>
            <Lines lines={metricLines(rows, at)} runs={runs} />
            <tr>
              <th scope="rowgroup" colSpan={runs.length + 1} className={styles.groupHead}>
                Cost
              </th>
            </tr>
            <Lines lines={costLines(runs)} runs={runs} />
          </tbody>
        </table>
      </div>
    </Section>
  )
}

function Lines({ lines, runs }: { lines: readonly MetricLine[]; runs: readonly Run[] }) {
  const highlighted = useHighlight((highlight) => highlight.id)
  return lines.map((line) => (
    <tr key={line.key}>
      <th scope="row" className={styles.sticky}>
        {line.label}
        {line.unit === 'nats' && <span className={styles.unit}> nats</span>}
        {line.better !== null && (
          <span className={styles.better} title={`${line.better} is better`}>
            {line.better === 'higher' ? <ArrowUp size={12} /> : <ArrowDown size={12} />}
            <span className={styles.forReaders}>{line.better} is better</span>
          </span>
        )}
      </th>
      {line.cells.map((cell, column) => {
        const id = runs[column]?.id
        return (
          <td
            key={id}
            className={styles.end}
            data-run={id}
            data-column={(id === highlighted && id !== undefined) || undefined}
            data-baseline={column === 0 || undefined}
            data-winner={line.winners.includes(column) || undefined}
          >
            {cell ? <Cell cell={cell} unit={line.unit} /> : '–'}
          </td>
        )
      })}
    </tr>
  ))
}

function valueText(value: number, unit: string): string {
  if (unit === 'ms') return formatDuration(value)
  if (unit === 'count') return formatShort(value)
  return formatValue(value, unit)
}

function deltaText(delta: number, unit: string): string {
  if (unit !== 'ms' && unit !== 'count' && unit !== 'bytes' && unit !== '1/s') return formatDelta(delta, 4)
  if (delta === 0) return '±0'
  return `${delta > 0 ? '+' : '−'}${valueText(Math.abs(delta), unit)}`
}

function Cell({ cell, unit }: { cell: MetricCell; unit: string }) {
  const { value, step, delta, share, improves, spread } = cell
  return (
    <>
      <span className={styles.value}>{valueText(value, unit)}</span>
      <span className={styles.step}>
        {delta !== null && (
          <span className={styles.delta} data-improves={improves ?? undefined}>
            {delta !== 0 && (delta > 0 ? '▲ ' : '▼ ')}
            {deltaText(delta, unit)}
            {share !== null && delta !== 0 && ` (${formatChange(share)})`}
          </span>
        )}
        {step !== null && `step ${formatCount(step)}`}
      </span>
      <SpreadNote spread={spread} unit={unit} />
    </>
  )
}
