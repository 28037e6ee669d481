import { ChevronDown, ChevronRight } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { OutputRow, Run } from '../../../core/contract/domain.ts'
import { targetOf } from '../../../core/contract/roles.ts'
import { spoken } from '../../../core/contract/turns.ts'
import { type AnswerProps, plainAnswer, viewOf } from '../../answers/view.ts'
import { useHighlight } from '../../app/highlight.ts'
import { formatCount } from '../../ui/format.ts'
import outputsStyles from './outputs.module.css'
import { RunHead } from './run-head.tsx'
import tableStyles from './table.module.css'
import { excerpt, pieces } from './walk.ts'

const excerptLength = 220

export interface OutputTableProps {
  runs: readonly Run[]
  rows: readonly OutputRow[]
  search: string
  /** The row that the arrow keys have come to. */
  current: number
  onCurrent: (row: number) => void
}

export function OutputTable({ runs, rows, search, current, onCurrent }: OutputTableProps) {
  const [opened, setOpened] = useState<number | null>(null)
  const shown = useRef<HTMLTableRowElement>(null)
  const walked = useRef(current)
  useEffect(() => {
    if (walked.current === current) return
    walked.current = current
    shown.current?.scrollIntoView({ block: 'nearest' })
  }, [current])
  const [baseline] = runs
  if (baseline === undefined) return null
  const target = targetOf(baseline.config.task)
  const { Example, Target } = viewOf(baseline.config.task)
  return (
    <div className={tableStyles.scroll}>
      <table className={`${tableStyles.table} ${outputsStyles.outputs}`} aria-label="Outputs by example">
        <thead>
          <tr>
            <th scope="col">Example</th>
            {target && <th scope="col">{target.heading}</th>}
            {runs.map((run, at) => (
              <RunHead key={run.id} run={run} baseline={at === 0} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr
              key={row.row}
              ref={at === current ? shown : null}
              aria-current={at === current || undefined}
              data-current={at === current || undefined}
              onClick={() => onCurrent(at)}
            >
              <td>
                <ExampleText
                  row={row}
                  search={search}
                  opened={opened === row.row}
                  onToggle={() => setOpened(opened === row.row ? null : row.row)}
                >
                  {Example && <Example run={baseline} row={row} />}
                </ExampleText>
              </td>
              {target && (
                <td className={outputsStyles.target}>
                  {Target ? <Target run={baseline} row={row} /> : partOf(row, target.name)}
                </td>
              )}
              {row.predictions.map((prediction, column) => {
                const run = runs[column]
                return run ? <PredictionCell key={run.id} run={run} row={row} prediction={prediction} /> : null
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** A part of a row, by its role. */
function partOf({ text, label, fields }: OutputRow, role: string): string {
  if (role === 'text') return text
  return role === 'label' ? label : (fields?.[role] ?? '')
}

interface ExampleTextProps {
  row: OutputRow
  search: string
  opened: boolean
  onToggle: () => void
  /** Stands before the text. */
  children: ReactNode
}

function ExampleText({ row, search, opened, onToggle, children }: ExampleTextProps) {
  const whole = spoken(row.text)
  const long = whole.length > excerptLength || whole.includes('\n')
  const text = opened ? whole : excerpt(whole, search, excerptLength)
  const Chevron = opened ? ChevronDown : ChevronRight
  return (
    <div className={outputsStyles.example}>
      <button
        type="button"
        className={outputsStyles.open}
        aria-expanded={opened}
        aria-label={`Row ${row.row}: ${opened ? 'show less' : 'show the whole text'}`}
        disabled={!long}
        onClick={onToggle}
      >
        <Chevron size={13} data-hidden={!long || undefined} />
        {formatCount(row.row)}
      </button>
      <div className={outputsStyles.about}>
        {children}
        <div className={outputsStyles.text} data-opened={opened || undefined}>
          {pieces(text, search).map((piece, at) =>
            // biome-ignore lint/suspicious/noArrayIndexKey: a piece is known by its place
            piece.hit ? <mark key={at}>{piece.text}</mark> : piece.text,
          )}
        </div>
      </div>
    </div>
  )
}

function PredictionCell({ run, row, prediction }: AnswerProps) {
  const lit = useHighlight((highlight) => highlight.id === run.id)
  const Answer = viewOf(run.config.task).Answer ?? plainAnswer(prediction)
  return (
    <td data-run={run.id} data-column={lit || undefined} className={outputsStyles.prediction}>
      <Answer run={run} row={row} prediction={prediction} />
    </td>
  )
}
