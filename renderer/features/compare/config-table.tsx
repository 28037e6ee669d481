import { ActionIcon, CopyButton, Switch, TextInput } from '@mantine/core'
import { Check, Copy, Search } from 'lucide-react'
import { useMemo, useState } from 'react'
import type { ConfigDiffRow, Run } from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { plural } from '../../ui/format.ts'
import { type ConfigCell, configLines, shownLines } from './config-rows.ts'
import { RunHead } from './run-head.tsx'
import { Section } from './section.tsx'
import styles from './table.module.css'

export interface ConfigTableProps {
  runs: readonly Run[]
  rows: readonly ConfigDiffRow[]
  differencesOnly: boolean
  onDifferencesOnly: (on: boolean) => void
}

/** Runs are columns and settings are rows, those that differ first. */
export function ConfigTable({ runs, rows, differencesOnly, onDifferencesOnly }: ConfigTableProps) {
  const [typed, setTyped] = useState('')
  const highlighted = useHighlight((highlight) => highlight.id)
  const lines = useMemo(() => configLines(rows), [rows])
  const shown = shownLines(lines, differencesOnly, typed)
  const differing = lines.filter((line) => line.differs).length
  return (
    <Section
      id="configuration"
      note={`${differing} of ${plural(lines.length, 'setting')} differ`}
      tools={
        <>
          <TextInput
            aria-label="Search settings"
            placeholder="Search settings"
            leftSection={<Search size={13} />}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            w={180}
          />
          <Switch
            label="Differences only"
            checked={differencesOnly}
            onChange={(event) => onDifferencesOnly(event.currentTarget.checked)}
          />
        </>
      }
    >
      <div className={styles.scroll}>
        <table className={styles.table} aria-label="Configuration">
          <thead>
            <tr>
              <th scope="col" className={styles.sticky}>
                Setting
              </th>
              {runs.map((run, column) => (
                <RunHead key={run.id} run={run} baseline={column === 0} />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((line) => (
              <tr key={line.setting} data-differs={line.differs || undefined}>
                <th scope="row" className={styles.sticky}>
                  <span title={line.setting}>{line.label}</span>
                  {line.label !== line.setting && <code className={styles.settingName}>{line.setting}</code>}
                </th>
                {line.cells.map((cell, column) => {
                  const run = runs[column]
                  return run ? (
                    <td
                      key={run.id}
                      data-run={run.id}
                      data-column={run.id === highlighted || undefined}
                      data-baseline={column === 0 || undefined}
                      data-other={cell.differs || undefined}
                    >
                      <CopiedCell cell={cell} what={`${line.label} of ${run.name}`} />
                    </td>
                  ) : null
                })}
              </tr>
            ))}
            {shown.length === 0 && (
              <tr>
                <td colSpan={runs.length + 1} className={styles.none}>
                  {typed.trim() !== ''
                    ? 'No setting matches the search.'
                    : 'Every setting is the same. What differs between these runs is chance alone, or the machine.'}
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </Section>
  )
}

function CopiedCell({ cell, what }: { cell: ConfigCell; what: string }) {
  return (
    <span className={styles.copied}>
      <span title={cell.shown === cell.text ? undefined : cell.text}>{cell.shown}</span>
      <CopyButton value={cell.text}>
        {({ copied, copy }) => (
          <ActionIcon size={20} className={styles.copy} aria-label={`Copy ${what}`} onClick={copy}>
            {copied ? <Check size={12} /> : <Copy size={12} />}
          </ActionIcon>
        )}
      </CopyButton>
    </span>
  )
}
