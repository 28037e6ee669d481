import { Check, ChevronDown, ChevronRight, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { ExamplePrediction, OutputRow, Run } from '../../../core/contract/domain.ts'
import { isLabelled } from '../../../core/contract/roles.ts'
import { useHighlight } from '../../app/highlight.ts'
import { runColour } from '../../charts/palette.ts'
import { formatCount, formatNumber, formatPercent } from '../../ui/format.ts'
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
  const labelled = runs[0] !== undefined && isLabelled(runs[0].config.task)
  useEffect(() => {
    if (walked.current === current) return
    walked.current = current
    shown.current?.scrollIntoView({ block: 'nearest' })
  }, [current])
  return (
    <div className={tableStyles.scroll}>
      <table className={`${tableStyles.table} ${outputsStyles.outputs}`} aria-label="Outputs by example">
        <thead>
          <tr>
            <th scope="col">Example</th>
            {labelled && <th scope="col">Label</th>}
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
              aria-selected={at === current}
              data-current={at === current || undefined}
              onClick={() => onCurrent(at)}
            >
              <td>
                <ExampleText
                  row={row}
                  search={search}
                  opened={opened === row.row}
                  onToggle={() => setOpened(opened === row.row ? null : row.row)}
                />
              </td>
              {labelled && <td className={outputsStyles.label}>{row.label}</td>}
              {row.predictions.map((prediction, column) => {
                const run = runs[column]
                return run ? <PredictionCell key={run.id} run={run} prediction={prediction} /> : null
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface ExampleTextProps {
  row: OutputRow
  search: string
  opened: boolean
  onToggle: () => void
}

function ExampleText({ row, search, opened, onToggle }: ExampleTextProps) {
  const long = row.text.length > excerptLength || row.text.includes('\n')
  const text = opened ? row.text : excerpt(row.text, search, excerptLength)
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
      <div className={outputsStyles.text} data-opened={opened || undefined}>
        {pieces(text, search).map((piece, at) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: a piece is known by its place
          piece.hit ? <mark key={at}>{piece.text}</mark> : piece.text,
        )}
      </div>
    </div>
  )
}

function PredictionCell({ run, prediction }: { run: Run; prediction: ExamplePrediction }) {
  const lit = useHighlight((highlight) => highlight.id === run.id)
  const { predicted, confidence, correct, loss } = prediction
  if (predicted === null || confidence === null) {
    return (
      <td data-run={run.id} data-column={lit || undefined} className={outputsStyles.prediction}>
        <span className={outputsStyles.said} data-correct={correct} title="Mean cross-entropy of its tokens, nats">
          {correct && <Check size={14} aria-label="the best of these" />}
          {formatNumber(loss)}
        </span>
      </td>
    )
  }
  return (
    <td data-run={run.id} data-column={lit || undefined} className={outputsStyles.prediction}>
      <span className={outputsStyles.said} data-correct={correct}>
        {correct ? <Check size={14} aria-label="right" /> : <X size={14} aria-label="wrong" />}
        {predicted}
      </span>
      <span className={outputsStyles.sure}>
        <span className={outputsStyles.track} aria-hidden>
          <span style={{ width: `${100 * confidence}%`, background: runColour(run.colour) }} />
        </span>
        <span title="Confidence: probability of the predicted class">{formatPercent(confidence)}</span>
        <span className={outputsStyles.loss} title="Cross-entropy of this example, nats">
          loss {formatNumber(loss)}
        </span>
      </span>
    </td>
  )
}
