import { Cell, type CountsTableProps } from './counts-table.tsx'
import styles from './verdict.module.css'

/** On how many examples which of the two runs has the better value. */
export function WinsTable({ verdict, onShow }: CountsTableProps) {
  const { bothRight, onlyBaseline, onlyCandidate } = verdict
  return (
    <table className={styles.counts} aria-label="Examples by which run is better">
      <tbody>
        <tr>
          <th scope="row">candidate better</th>
          <Cell
            value={onlyCandidate}
            label="the candidate is better"
            onClick={() => onShow('only-candidate-right')}
            lit
          />
        </tr>
        <tr>
          <th scope="row">baseline better</th>
          <Cell value={onlyBaseline} label="the baseline is better" onClick={() => onShow('only-baseline-right')} lit />
        </tr>
        <tr>
          <th scope="row">alike</th>
          <Cell value={bothRight} label="they are alike" onClick={() => onShow('all-right')} />
        </tr>
      </tbody>
    </table>
  )
}
