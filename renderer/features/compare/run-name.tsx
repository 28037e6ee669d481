import type { Run } from '../../../core/contract/domain.ts'
import { runColour, runDash } from '../../charts/palette.ts'
import { Swatch } from '../../ui/swatch.tsx'
import styles from './compare.module.css'

/** A run by colour, line style and name. */
export function RunName({ run, baseline }: { run: Pick<Run, 'name' | 'colour'>; baseline?: boolean }) {
  return (
    <span className={styles.runName}>
      <Swatch colour={runColour(run.colour)} dash={runDash(run.colour)} />
      <span className={styles.runWord} title={run.name}>
        {run.name}
      </span>
      {baseline && <span className={styles.badge}>baseline</span>}
    </span>
  )
}
