import type { OutputFilter, Verdict } from '../../../core/contract/domain.ts'
import { formatCount } from '../../ui/format.ts'
import styles from './verdict.module.css'

export interface CountsTableProps {
  verdict: Verdict
  /** Shows the examples behind a number. */
  onShow: (filter: OutputFilter) => void
}

/** How often both, one or none of the two runs were right: what McNemar's test looks at. */
export function CountsTable({ verdict, onShow }: CountsTableProps) {
  const { bothRight, onlyBaseline, onlyCandidate, bothWrong } = verdict
  return (
    <table className={styles.counts} aria-label="Examples by which run was right">
      <thead>
        <tr>
          <td />
          <th scope="col">candidate right</th>
          <th scope="col">wrong</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">baseline right</th>
          <Cell value={bothRight} label="both are right" onClick={() => onShow('all-right')} />
          <Cell
            value={onlyBaseline}
            label="only the baseline is right"
            onClick={() => onShow('only-baseline-right')}
            lit
          />
        </tr>
        <tr>
          <th scope="row">wrong</th>
          <Cell
            value={onlyCandidate}
            label="only the candidate is right"
            onClick={() => onShow('only-candidate-right')}
            lit
          />
          <Cell value={bothWrong} label="both are wrong" onClick={() => onShow('all-wrong')} />
        </tr>
      </tbody>
    </table>
  )
}

export interface CellProps {
  value: number
  label: string
  onClick: () => void
  /** The two that the test is about. */
  lit?: boolean
}

export function Cell({ value, label, onClick, lit }: CellProps) {
  return (
    <td data-lit={lit}>
      {value > 0 ? (
        <button type="button" aria-label={`Show the ${value} examples where ${label}`} onClick={onClick}>
          {formatCount(value)}
        </button>
      ) : (
        formatCount(value)
      )}
    </td>
  )
}
