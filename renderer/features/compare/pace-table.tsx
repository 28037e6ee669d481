import { Button } from '@mantine/core'
import { Timer } from 'lucide-react'
import { useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { type Pace, pacedTasks, paceShares } from '../../../core/contract/pace.ts'
import { useAct, useClient } from '../../client/hooks.ts'
import { useProgress } from '../../client/progress.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatCount, formatDuration, formatPercent, plural } from '../../ui/format.ts'
import { RunHead } from './run-head.tsx'
import { Section } from './section.tsx'
import styles from './table.module.css'

/** How long a step takes by rows and by length, timed when asked for: what of it goes on side by side. */
export function PaceTable({ runs }: { runs: readonly Run[] }) {
  const { client, found, error, present, time } = useTimed(runs)
  const progress = useProgress(present)
  if (!runs.every(({ config }) => pacedTasks.includes(config.task))) return null
  const cancel = () => present !== null && void client.call('models.cancel', { task: present })
  const [first] = runs.flatMap(({ id }) => found[id] ?? [])
  return (
    <Section
      id="pace"
      note="time of a training step by rows and by length, on made-up tokens, on this machine"
      tools={
        present === null ? (
          <Button variant="default" size="xs" leftSection={<Timer size={14} />} onClick={time}>
            Time steps
          </Button>
        ) : (
          <Button variant="default" size="xs" onClick={cancel}>
            {progress?.label ?? 'Timing steps'} · Cancel
          </Button>
        )
      }
    >
      {error !== null && <ErrorPanel error={error} title="Steps were not timed" />}
      {first && (
        <div className={styles.scroll}>
          <table className={styles.table} aria-label="Time of a step by rows and length">
            <thead>
              <tr>
                <th scope="col" className={styles.sticky}>
                  A batch of
                </th>
                {runs.map((run, column) => (
                  <RunHead key={run.id} run={run} baseline={column === 0} end />
                ))}
              </tr>
            </thead>
            <tbody>
              {first.cells.map(({ rows, length }, i) => (
                <Line
                  key={`${rows} ${length}`}
                  runs={runs}
                  head={`${plural(rows, 'row')}, ${formatCount(length)} tokens`}
                >
                  {(id) => formatDuration(found[id]?.cells[i]?.stepMs)}
                </Line>
              ))}
              <Line runs={runs} head="A row in a batch, against one alone">
                {(id) => share(found[id], 'row')}
              </Line>
              <Line runs={runs} head="A token of a long row, against one of a short row">
                {(id) => share(found[id], 'token')}
              </Line>
            </tbody>
          </table>
        </div>
      )}
    </Section>
  )
}

function share(pace: Pace | undefined, of: 'row' | 'token'): string {
  return formatPercent(pace && paceShares(pace)[of], 0)
}

interface LineProps {
  runs: readonly Run[]
  head: string
  children: (id: string) => string
}

function Line({ runs, head, children }: LineProps) {
  return (
    <tr>
      <th scope="row" className={styles.sticky}>
        {head}
      </th>
      {runs.map(({ id }, column) => (
        <td key={id} className={styles.end} data-run={id} data-baseline={column === 0 || undefined}>
          <span className={styles.value}>{children(id)}</span>
        </td>
      ))}
    </tr>
  )
}

/** One run after the other: side by side both would be slow. */
function useTimed(runs: readonly Run[]) {
  const client = useClient()
  const act = useAct('runs.pace', { quiet: true })
  const [found, setFound] = useState<Readonly<Record<string, Pace>>>({})
  const [present, setPresent] = useState<string | null>(null)
  const [error, setError] = useState<unknown>(null)
  const time = async () => {
    setError(null)
    try {
      for (const { id } of runs) {
        setPresent(id)
        const { pace } = await act.mutateAsync({ id })
        setFound((before) => ({ ...before, [id]: pace }))
      }
    } catch (thrown) {
      setError(thrown)
    }
    setPresent(null)
  }
  return { client, found, error, present, time: () => void time() }
}
