import { CloseButton, Group, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import { Search } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import type { Dataset, DatasetRow } from '../../../core/contract/domain.ts'
import { isLabelled, mediaOf } from '../../../core/contract/roles.ts'
import { spoken, turnsOf } from '../../../core/contract/turns.ts'
import { RowGlance, RowMedia } from '../../client/row-media.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatCount, plural } from '../../ui/format.ts'
import { Turns } from '../../ui/turns.tsx'
import styles from './datasets.module.css'
import rowsStyles from './rows.module.css'
import { type RowQuery, useRows } from './use-rows.ts'

const rowHeight = 33

export interface RowBrowserProps {
  dataset: Dataset
  label: string | null
  onLabel: (label: string | null) => void
}

/** All rows, however many: only those in sight are fetched and drawn. The chosen one is shown whole beside them. */
export function RowBrowser({ dataset, label, onLabel }: RowBrowserProps) {
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed.trim(), 200)
  const [chosen, setChosen] = useState(0)
  const [range, setRange] = useState({ first: 0, last: 40 })
  const rows = useRows({ id: dataset.id, label, search }, range.first, range.last)
  const wrap = useRef<HTMLElement>(null)
  const labelled = isLabelled(dataset.task)
  const virtual = useVirtualizer({
    count: rows.total ?? 0,
    getScrollElement: () => wrap.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  const items = virtual.getVirtualItems()
  const first = items[0]?.index ?? 0
  const last = items.at(-1)?.index ?? 40
  useEffect(() => setRange({ first, last }), [first, last])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter begins at its first row
  useEffect(() => {
    setChosen(0)
    wrap.current?.scrollTo({ top: 0 })
  }, [label, search])

  const move = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[event.key]
    if (by === undefined || !rows.total) return
    event.preventDefault()
    const next = Math.min(Math.max(chosen + by, 0), rows.total - 1)
    setChosen(next)
    virtual.scrollToIndex(next)
  }

  return (
    <div className={rowsStyles.browser}>
      <Group gap="sm" className={rowsStyles.tools}>
        <TextInput
          aria-label="Search the texts"
          placeholder="Search the texts"
          leftSection={<Search size={14} />}
          rightSection={typed && <CloseButton size="xs" aria-label="Clear" onClick={() => setTyped('')} />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          w={260}
        />
        {dataset.labels.length > 0 && (
          <Select
            aria-label="Class"
            placeholder="All classes"
            clearable
            data={dataset.labels.map((one) => one.label)}
            value={label}
            onChange={onLabel}
            w={160}
          />
        )}
        <Text fz={12} c="dimmed" aria-live="polite">
          {rows.total === null ? ' ' : `${plural(rows.total, 'row')}${label || search ? ' match' : ''}`}
        </Text>
      </Group>
      {rows.error !== null && <ErrorPanel error={rows.error} />}
      {rows.total === 0 && <EmptyState title="No row matches">Search for less, or choose another class.</EmptyState>}
      {rows.total !== 0 && (
        <div className={rowsStyles.split}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled table is walked with the arrow keys */}
          <section ref={wrap} className={rowsStyles.rowsWrap} tabIndex={0} aria-label="Rows" onKeyDown={move}>
            <table className={rowsStyles.rows} aria-rowcount={rows.total ?? -1} aria-label={`Rows of ${dataset.name}`}>
              <thead>
                <tr>
                  <th scope="col" className={styles.number}>
                    Row
                  </th>
                  {labelled && <th scope="col">Label</th>}
                  <th scope="col">Text</th>
                </tr>
              </thead>
              <tbody>
                <Spacer height={items[0]?.start ?? 0} columns={labelled ? 3 : 2} />
                {items.map(({ index }) => (
                  <RowLine
                    key={index}
                    index={index}
                    row={rows.at(index)}
                    dataset={dataset}
                    labelled={labelled}
                    chosen={index === chosen}
                    onChoose={() => setChosen(index)}
                  />
                ))}
                <Spacer height={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)} columns={labelled ? 3 : 2} />
              </tbody>
            </table>
          </section>
          <WholeRow dataset={dataset} query={{ id: dataset.id, label, search }} index={chosen} />
        </div>
      )}
    </div>
  )
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  return height > 0 ? (
    <tr aria-hidden>
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  ) : null
}

interface RowLineProps {
  index: number
  row: DatasetRow | undefined
  dataset: Dataset
  labelled: boolean
  chosen: boolean
  onChoose: () => void
}

function RowLine({ index, row, dataset, labelled, chosen, onChoose }: RowLineProps) {
  const media = mediaOf(dataset.task)
  return (
    <tr
      aria-rowindex={index + 1}
      aria-selected={chosen}
      data-chosen={chosen || undefined}
      style={{ height: rowHeight }}
      onClick={onChoose}
    >
      <td className={styles.number}>{row ? formatCount(row.row) : ''}</td>
      {labelled && (
        <td>
          <div className={rowsStyles.oneLine}>{row?.label ?? '…'}</div>
        </td>
      )}
      <td>
        <div className={rowsStyles.oneLine}>
          {row && media && <RowGlance kind={media} dataset={dataset.id} row={row.row} label={row.label || row.text} />}
          {row && spoken(row.text).slice(0, 400)}
        </div>
      </td>
    </tr>
  )
}

/** Stays while the list is scrolled elsewhere: it fetches (or finds fetched) its own page. */
function WholeRow({ dataset, query, index }: { dataset: Dataset; query: RowQuery; index: number }) {
  const media = mediaOf(dataset.task)
  const row = useRows(query, index, index).at(index)
  return (
    <section className={rowsStyles.whole} aria-label="The chosen row" aria-live="polite">
      {row && (
        <>
          <Text fz={12} c="dimmed">
            Row {formatCount(row.row)} · line {formatCount(row.line)} · {plural(row.text.length, 'character')}
          </Text>
          <Text fz={13} fw={600} my={6}>
            {row.label}
          </Text>
          {media && (
            <div className={rowsStyles.media}>
              <RowMedia key={row.row} kind={media} dataset={dataset.id} row={row.row} label={row.label || row.text} />
            </div>
          )}
          <Part text={row.text} />
          {Object.entries(row.fields ?? {}).map(([role, part]) => (
            <div key={role}>
              <Text fz={12} c="dimmed" mt={10} mb={2} tt="capitalize">
                {role}
              </Text>
              <Part text={part} />
            </div>
          ))}
        </>
      )}
    </section>
  )
}

/** A text, or what was said in turn. */
function Part({ text }: { text: string }) {
  const turns = turnsOf(text)
  return turns === null ? <div className={rowsStyles.wholeText}>{text}</div> : <Turns turns={turns} />
}
