import { ActionIcon, Button, Select, TextInput, Tooltip } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { Columns2, Search, X } from 'lucide-react'
import { type KeyboardEvent, useCallback, useRef } from 'react'
import { useLocation } from 'wouter'
import type { Run } from '../../../core/contract/domain.ts'
import { comparePath, mostSelected, useSelection } from '../../app/selection.ts'
import { useCall } from '../../client/hooks.ts'
import { plural } from '../../ui/format.ts'
import { useShortcut, useShortcutHint } from '../../ui/shortcuts.ts'
import { type ListView, type RunOrder, runOrders, type StateFilter, stateFilters } from './list-order.ts'
import classes from './run-list.module.css'
import { RunRow, rowHeight } from './run-row.tsx'

export interface RunListProps {
  /** As searched, filtered and sorted. */
  runs: readonly Run[]
  view: ListView
  onView: (change: Partial<ListView>) => void
  open: string | undefined
}

const stateOptions = stateFilters.map((state) => ({
  value: state,
  label: state === 'all' ? 'All states' : `${state.charAt(0).toUpperCase()}${state.slice(1)}`,
}))
const orderOptions = Object.entries(runOrders).map(([value, label]) => ({ value, label }))

/** The list at the left: what is ticked is compared, what is not hidden is drawn. */
export function RunList({ runs, view, onView, open }: RunListProps) {
  const scroll = useRef<HTMLDivElement>(null)
  const anchor = useRef<string | null>(null)
  const shown = useRef<readonly string[]>([])
  shown.current = runs.map((run) => run.id)
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  })
  const order = useCall('queue.get', {}).data?.runs ?? []
  const { toggle, toggleRange, toggleHidden, setBaseline, selected } = useSelection()

  const tick = useCallback(
    (id: string, shift: boolean) => {
      if (shift) toggleRange(shown.current, anchor.current, id)
      else toggle(id)
      anchor.current = id
    },
    [toggle, toggleRange],
  )

  const focusRow = (index: number) => {
    if (index < 0 || index >= runs.length) return
    rows.scrollToIndex(index)
    // A row that was out of sight is there after the next frame.
    requestAnimationFrame(() =>
      scroll.current?.querySelector<HTMLElement>(`[data-run-index="${index}"]`)?.focus({ preventScroll: true }),
    )
  }
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const { runIndex, run } = (event.target as HTMLElement).dataset
    if (runIndex === undefined || run === undefined || event.ctrlKey || event.metaKey) return
    if (event.key === 'ArrowDown') focusRow(Number(runIndex) + 1)
    else if (event.key === 'ArrowUp') focusRow(Number(runIndex) - 1)
    else if (event.key === ' ') toggleHidden(run)
    else if (event.key === 'x' || event.key === 'X') tick(run, event.shiftKey)
    else if (event.key === 'p') setBaseline(run)
    else return
    event.preventDefault()
  }

  return (
    <aside className={classes.pane} aria-label="Runs">
      <div className={classes.tools}>
        <TextInput
          type="search"
          aria-label="Search runs"
          placeholder="Search runs"
          leftSection={<Search size={14} />}
          value={view.search}
          onChange={(event) => onView({ search: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') onView({ search: '' })
            if (event.key === 'ArrowDown') focusRow(0)
          }}
        />
        <div className={classes.toolRow}>
          <Select
            aria-label="Which states are listed"
            data={stateOptions}
            value={view.filter}
            allowDeselect={false}
            onChange={(filter) => filter && onView({ filter: filter as StateFilter })}
          />
          <Select
            aria-label="Order of the list"
            data={orderOptions}
            value={view.order}
            allowDeselect={false}
            onChange={(order) => order && onView({ order: order as RunOrder })}
          />
        </div>
      </div>
      <div className={classes.scroll} ref={scroll}>
        <ul className={classes.spacer} style={{ height: rows.getTotalSize() }} onKeyDown={onKeyDown}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const run = runs[index]
            if (!run) return null
            const place = order.indexOf(run.id) + 1 || undefined
            return (
              <RunRow key={run.id} place={place} onTick={tick} {...{ run, index, top: start, open: run.id === open }} />
            )
          })}
        </ul>
        {runs.length === 0 && <div className={classes.none}>No run fits the search and the filter.</div>}
      </div>
      <Picked count={selected.length} />
      <ListShortcuts />
    </aside>
  )
}

/** What is ticked, and what can be done with it. */
function Picked({ count }: { count: number }) {
  const [, navigate] = useLocation()
  const { selected, select } = useSelection()
  const compare = count >= 2 ? () => navigate(comparePath(selected)) : null
  useShortcut('C', 'Compare the selected runs', 'Runs', compare)
  return (
    <div className={classes.picked}>
      <Button
        variant={compare ? 'filled' : 'default'}
        leftSection={<Columns2 size={14} />}
        disabled={!compare}
        onClick={() => compare?.()}
      >
        Compare ({count})
      </Button>
      {count < 2 ? (
        <span>Tick {count === 0 ? 'two runs or more' : 'one more run'}</span>
      ) : (
        <span>
          {count >= mostSelected ? `${plural(count, 'run')}, the most at once` : 'First ticked is the baseline'}
        </span>
      )}
      {count > 0 && (
        <Tooltip label="Clear the selection">
          <ActionIcon ml="auto" aria-label="Clear the selection" onClick={() => select([])}>
            <X size={14} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  )
}

/** Listed under Mod+/; the list itself acts on them, for the focused row. */
function ListShortcuts() {
  useShortcutHint('Space', 'Draw or hide the focused run', 'Runs')
  useShortcutHint('X', 'Tick the focused run', 'Runs')
  useShortcutHint('P', 'Make the focused run the baseline', 'Runs')
  return null
}
