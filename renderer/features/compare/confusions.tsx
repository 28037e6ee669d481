import type { Run } from '../../../core/contract/domain.ts'
import { ConfusionMatrix } from '../../charts/confusion-matrix.tsx'
import { useCall } from '../../client/hooks.ts'
import styles from './compare.module.css'
import { RunName } from './run-name.tsx'
import { Section } from './section.tsx'

/** Which class each run took for which, on its own validation rows; nothing where there are no classes. */
export function Confusions({ runs }: { runs: readonly Run[] }) {
  const classed = runs.filter(({ plan }) => (plan?.labels.length ?? 0) > 0)
  if (classed.length === 0) return null
  return (
    <Section id="confusion">
      <div className={styles.confusions}>
        {classed.map((run) => (
          <RunConfusion key={run.id} run={run} />
        ))}
      </div>
    </Section>
  )
}

function RunConfusion({ run }: { run: Run }) {
  const { confusion } = useCall('runs.confusion', { id: run.id }).data ?? {}
  if (!confusion) return null
  return (
    <div>
      <RunName run={run} />
      <ConfusionMatrix confusion={confusion} label={`Confusion matrix of ${run.name}`} />
    </div>
  )
}
