import { Text } from '@mantine/core'
import type { RowProblem } from '../../../core/contract/domain.ts'
import { formatCount, plural } from '../../ui/format.ts'
import styles from './import.module.css'

/** Rows that were not used, by their line in the file. */
export function ProblemList({ problems, total }: { problems: readonly RowProblem[]; total: number }) {
  return (
    <>
      <table className={styles.problems} aria-label="Rows that cannot be used">
        <tbody>
          {problems.map((problem) => (
            <tr key={`${problem.line} ${problem.message}`}>
              <th scope="row">Line {formatCount(problem.line)}</th>
              <td>{problem.message}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {total > problems.length && (
        <Text fz={12} c="dimmed" mt={4}>
          and {plural(total - problems.length, 'more row')}
        </Text>
      )}
    </>
  )
}
