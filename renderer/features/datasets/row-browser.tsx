import { CloseButton, Group, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import { Search } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { taggedWords } from '../../../core/contract/answers.ts'
import type { Dataset, DatasetRow } from '../../../core/contract/domain.ts'
import { mediaOf, targetOf } from '../../../core/contract/roles.ts'
import { spoken, turnsOf } from '../../../core/contract/turns.ts'
import { RowGlance, RowMedia } from '../../client/row-media.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatCount, plural } from '../../ui/format.ts'
import { MarkedText } from '../../ui/marked-text.tsx'
import { Turns } from '../../ui/turns.tsx'
import { headingOf, textIsRead } from './columns.ts'
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
  const target = targetOf(dataset.task)
  const columns: readonly Column[] = [
    { role: 'text', heading: headingOf(dataset.task, 'text') },
    ...(target && (target.name === 'label' || dataset.mapping[target.name])
      ? [{ role: target.name, heading: target.heading }]
      : []),
  ]
  // A class is short, and read first.
  const ordered = target?.name === 'label' ? columns.toReversed() : columns
  const searched = textIsRead(dataset.task) ? 'Search the texts' : 'Search the names'
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
          aria-label={searched}
          placeholder={searched}
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
                  {ordered.map(({ role, heading }) => (
                    <th key={role} scope="col" data-role={role}>
                      {heading}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                <Spacer height={items[0]?.start ?? 0} columns={1 + ordered.length} />
                {items.map(({ index }) => (
                  <RowLine
                    key={index}
                    index={index}
                    row={rows.at(index)}
                    dataset={dataset}
                    columns={ordered}
                    chosen={index === chosen}
                    onChoose={() => setChosen(index)}
                  />
                ))}
                <Spacer height={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)} columns={1 + ordered.length} />
              </tbody>
            </table>
          </section>
          <WholeRow dataset={dataset} query={{ id: dataset.id, label, search }} index={chosen} />
        </div>
      )}
    </div>
  )
}

/** A part of a row, by its role. */
function partOf({ text, label, fields }: DatasetRow, role: string): string {
  if (role === 'text') return text
  return role === 'label' ? label : (fields?.[role] ?? '')
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  return height > 0 ? (
    <tr aria-hidden>
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  ) : null
}

/** A part of the rows that has a column of its own. */
interface Column {
  readonly role: string
  readonly heading: string
}

interface RowLineProps {
  index: number
  row: DatasetRow | undefined
  dataset: Dataset
  columns: readonly Column[]
  chosen: boolean
  onChoose: () => void
}

function RowLine({ index, row, dataset, columns, chosen, onChoose }: RowLineProps) {
  const media = mediaOf(dataset.task)
  return (
    <tr
      aria-rowindex={index + 1}
      aria-current={chosen || undefined}
      data-chosen={chosen || undefined}
      style={{ height: rowHeight }}
      onClick={onChoose}
    >
      <td className={styles.number}>{row ? formatCount(row.row) : ''}</td>
      {columns.map(({ role }) => (
        <td key={role}>
          <div className={rowsStyles.oneLine}>
            {row && media && role === 'text' && (
              <RowGlance kind={media} dataset={dataset.id} row={row.row} label={row.label || row.text} />
            )}
            {row ? spoken(partOf(row, role)).slice(0, 400) : '…'}
          </div>
        </td>
      ))}
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
            {[
              `Row ${formatCount(row.row)}`,
              ...(dataset.format === 'folder' ? [] : [`line ${formatCount(row.line)}`]),
              ...(textIsRead(dataset.task) ? [plural(row.text.length, 'character')] : []),
            ].join(' · ')}
          </Text>
          <Text fz={13} fw={600} my={6}>
            {row.label}
          </Text>
          {media && (
            <div className={rowsStyles.media}>
              <RowMedia
                key={row.row}
                height={180}
                kind={media}
                dataset={dataset.id}
                row={row.row}
                label={row.label || row.text}
              />
            </div>
          )}
          {dataset.task === 'token-classification' ? (
            <MarkedText parts={taggedWords(row.text, JSON.stringify((row.fields?.tags ?? '').split(' ')))} />
          ) : (
            <Part text={row.text} />
          )}
          {Object.entries(row.fields ?? {}).map(([role, part]) => (
            <div key={role}>
              <Text fz={12} c="dimmed" mt={10} mb={2}>
                {headingOf(dataset.task, role)}
              </Text>
              <Part text={part} />
            </div>
          ))}
        </>
      )}
    </section>
  )
}

/** Characters from which on a list of numbers is shown when asked for. */
const longNumbers = 300

/** A text, what was said in turn, or numbers. */
function Part({ text }: { text: string }) {
  const turns = turnsOf(text)
  if (turns !== null) return <Turns turns={turns} />
  if (text.length < longNumbers || !/^\[[[\d-]/.test(text)) return <div className={rowsStyles.wholeText}>{text}</div>
  return (
    <details>
      <summary>{plural(text.match(/[^[\],\s]+/g)?.length ?? 0, 'number')}</summary>
      <div className={rowsStyles.wholeText}>{text}</div>
    </details>
  )
}
