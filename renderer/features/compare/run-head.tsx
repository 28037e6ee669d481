import type { Run } from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { RunName } from './run-name.tsx'
import styles from './table.module.css'

/** A run as the head of a table's column. */
export function RunHead({ run, baseline, end }: { run: Run; baseline: boolean; end?: boolean }) {
  const lit = useHighlight((highlight) => highlight.id === run.id)
  return (
    <th
      scope="col"
      data-run={run.id}
      data-column={lit || undefined}
      data-baseline={baseline || undefined}
      className={end ? styles.end : undefined}
    >
      <RunName run={run} baseline={baseline} />
    </th>
  )
}
