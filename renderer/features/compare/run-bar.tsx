import { ActionIcon, Button, Combobox, Tooltip, useCombobox } from '@mantine/core'
import { Pin, Plus, X } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Run } from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { mostSelected, withBaseline } from '../../app/selection.ts'
import { formatWhen } from '../../ui/format.ts'
import { StateBadge } from '../../ui/state-badge.tsx'
import barStyles from './bar.module.css'
import styles from './compare.module.css'
import { RunName } from './run-name.tsx'

export interface RunBarProps {
  /** The baseline first. */
  runs: readonly Run[]
  all: readonly Run[]
  onChange: (ids: string[]) => void
}

/** The compared runs; stays in sight while the page scrolls. */
export function RunBar({ runs, all, onChange }: RunBarProps) {
  const highlighted = useHighlight((highlight) => highlight.id)
  const ids = runs.map((run) => run.id)
  return (
    <ul className={barStyles.runBar} aria-label="Compared runs">
      {runs.map((run, at) => (
        <li
          key={run.id}
          className={barStyles.chip}
          data-run={run.id}
          data-lit={highlighted === run.id || undefined}
          data-baseline={at === 0 || undefined}
        >
          <Link href={`/runs/${run.id}`} className={barStyles.chipLink}>
            <RunName run={run} baseline={at === 0} />
          </Link>
          {run.state !== 'finished' && <StateBadge state={run.state} />}
          {at > 0 && (
            <Tooltip label="Pin as baseline (P)">
              <ActionIcon
                size={22}
                aria-label={`Pin ${run.name} as baseline`}
                onClick={() => onChange(withBaseline(ids, run.id))}
              >
                <Pin size={13} />
              </ActionIcon>
            </Tooltip>
          )}
          <ActionIcon
            size={22}
            aria-label={`Leave ${run.name} out`}
            onClick={() => onChange(ids.filter((id) => id !== run.id))}
          >
            <X size={13} />
          </ActionIcon>
        </li>
      ))}
      {runs.length < mostSelected && (
        <li>
          <AddRun all={all} ids={ids} onAdd={(id) => onChange([...ids, id])} />
        </li>
      )}
    </ul>
  )
}

function AddRun({ all, ids, onAdd }: { all: readonly Run[]; ids: readonly string[]; onAdd: (id: string) => void }) {
  const [search, setSearch] = useState('')
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption()
      setSearch('')
    },
    onDropdownOpen: () => combobox.focusSearchInput(),
  })
  const offered = all.filter(
    (run) =>
      !ids.includes(run.id) && run.state !== 'archived' && run.name.toLowerCase().includes(search.trim().toLowerCase()),
  )
  return (
    <Combobox
      store={combobox}
      width={300}
      position="bottom-start"
      onOptionSubmit={(id) => {
        onAdd(id)
        combobox.closeDropdown()
      }}
    >
      <Combobox.Target withAriaAttributes={false}>
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<Plus size={14} />}
          onClick={() => combobox.toggleDropdown()}
        >
          Add a run
        </Button>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          placeholder="Search runs"
          aria-label="Search runs"
        />
        <Combobox.Options mah={280} style={{ overflowY: 'auto' }}>
          {offered.map((run) => (
            <Combobox.Option key={run.id} value={run.id}>
              <RunName run={run} />
              <span className={styles.note}>
                {run.state}, {formatWhen(run.createdAt, Date.now())}
              </span>
            </Combobox.Option>
          ))}
          {offered.length === 0 && <Combobox.Empty>There is no other run.</Combobox.Empty>}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}
