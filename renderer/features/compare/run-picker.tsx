import { Button, Checkbox } from '@mantine/core'
import { Columns2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Run } from '../../../core/contract/domain.ts'
import { methodTitles } from '../../../core/contract/settings.ts'
import { mostSelected, toggled } from '../../app/selection.ts'
import { bestResult } from '../../charts/series.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { formatWhen, plural } from '../../ui/format.ts'
import { StateBadge } from '../../ui/state-badge.tsx'
import styles from './compare.module.css'
import { RunName } from './run-name.tsx'

const methodOf = ({ config }: Run) => methodTitles[config.method]

export interface RunPickerProps {
  runs: readonly Run[]
  /** Fewer than two. */
  picked: readonly string[]
  onCompare: (ids: string[]) => void
}

/** What stands here until two runs are picked. */
export function RunPicker({ runs, picked, onCompare }: RunPickerProps) {
  const [ticked, setTicked] = useState<readonly string[]>(picked)
  const offered = runs
    .filter((run) => run.step > 0 && run.state !== 'archived')
    .sort((one, other) => other.createdAt - one.createdAt)
  if (offered.length < 2) {
    return (
      <EmptyState
        icon={Columns2}
        title={offered.length === 0 ? 'No run to compare yet' : 'One run has no other to be compared with'}
        action={
          <Button component={Link} href={offered[0] ? `/new?from=${offered[0].id}` : '/new'}>
            {offered[0] ? 'Train it again with another setting' : 'Start a run'}
          </Button>
        }
      >
        Two runs side by side: which is better and whether the difference is more than chance, their curves, what was
        set differently, and what each says on the same examples.
      </EmptyState>
    )
  }
  return (
    <div className={styles.picker}>
      <div className={styles.pickerHead}>
        <p>Tick two or more runs; the first ticked is the baseline that the others are held against.</p>
        <Button disabled={ticked.length < 2} onClick={() => onCompare([...ticked])}>
          {ticked.length < 2 ? 'Compare' : `Compare ${plural(ticked.length, 'run')}`}
        </Button>
      </div>
      <DataTable
        label="Runs that can be compared"
        rows={offered}
        rowKey={(run) => run.id}
        onRow={(run) => setTicked(toggled(ticked, run.id).slice(0, mostSelected))}
        columns={[
          {
            id: 'tick',
            title: '',
            width: 40,
            cell: (run) => (
              <Checkbox
                aria-label={`Compare ${run.name}`}
                checked={ticked.includes(run.id)}
                onChange={() => setTicked(toggled(ticked, run.id).slice(0, mostSelected))}
              />
            ),
          },
          {
            id: 'name',
            title: 'Run',
            value: (run) => run.name,
            cell: (run) => <RunName run={run} baseline={ticked[0] === run.id} />,
          },
          { id: 'state', title: 'State', value: (run) => run.state, cell: (run) => <StateBadge state={run.state} /> },
          { id: 'model', title: 'Model', value: (run) => run.model.name, cell: (run) => run.model.name },
          { id: 'dataset', title: 'Dataset', value: (run) => run.dataset.name, cell: (run) => run.dataset.name },
          { id: 'method', title: 'Method', value: methodOf, cell: methodOf },
          {
            id: 'result',
            title: 'Best result',
            align: 'end',
            value: (run) => bestResult(run)?.order ?? null,
            cell: (run) => bestResult(run)?.text ?? '–',
          },
          {
            id: 'created',
            title: 'Started',
            width: 108,
            value: (run) => run.createdAt,
            cell: (run) => formatWhen(run.createdAt, Date.now()),
          },
        ]}
      />
    </div>
  )
}
