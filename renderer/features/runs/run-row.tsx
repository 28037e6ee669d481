import { Checkbox, Progress, Tooltip } from '@mantine/core'
import { EyeOff } from 'lucide-react'
import { type MouseEvent, memo } from 'react'
import { Link } from 'wouter'
import type { Run } from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { useSelection } from '../../app/selection.ts'
import { runColour, runDash } from '../../charts/palette.ts'
import { bestResult } from '../../charts/series.ts'
import { formatPercent } from '../../ui/format.ts'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Swatch } from '../../ui/swatch.tsx'
import { shareDone } from './progress.ts'
import { ordinal } from './queue-order.ts'
import classes from './run-list.module.css'
import { RunRowMenu } from './run-row-menu.tsx'

/** Pixels; the list is virtualised by it. */
export const rowHeight = 54

export interface RunRowProps {
  run: Run
  top: number
  index: number
  /** Shown on the right. */
  open: boolean
  /** In the queue, from 1. */
  place: number | undefined
  onTick: (id: string, shift: boolean) => void
}

const methodWords = { full: 'full', lora: 'LoRA', head: 'head only', none: 'no training' } as const

export const RunRow = memo(function RunRow({ run, top, index, open, place, onTick }: RunRowProps) {
  const ticked = useSelection(({ selected }) => selected.includes(run.id))
  const baseline = useSelection(({ selected }) => selected.length > 1 && selected[0] === run.id)
  const hidden = useSelection((selection) => selection.hidden.includes(run.id))
  const toggleHidden = useSelection((selection) => selection.toggleHidden)
  const lit = useHighlight((highlight) => highlight.id === run.id)
  const setHighlight = useHighlight((highlight) => highlight.set)
  const result = bestResult(run)
  const share = run.state === 'running' ? shareDone(run) : null
  const eyeLabel = `${hidden ? 'Draw' : 'Hide'} the curves of ${run.name}`

  return (
    <li
      className={classes.row}
      style={{ top, height: rowHeight }}
      data-open={open || undefined}
      data-lit={lit || undefined}
      onMouseEnter={() => setHighlight(hidden ? null : run.id)}
      onMouseLeave={() => setHighlight(null)}
    >
      <Checkbox
        aria-label={`Select ${run.name}`}
        checked={ticked}
        // The click event knows whether Shift is held; the change event does not.
        onClick={(event: MouseEvent) => onTick(run.id, event.shiftKey)}
        onChange={() => {}}
      />
      <Tooltip label={hidden ? 'Draw its curves' : 'Hide its curves'}>
        <button
          type="button"
          className={classes.eye}
          aria-label={eyeLabel}
          aria-pressed={!hidden}
          onClick={() => toggleHidden(run.id)}
        >
          {hidden ? <EyeOff size={15} /> : <Swatch colour={runColour(run.colour)} dash={runDash(run.colour)} />}
        </button>
      </Tooltip>
      <Link href={`/runs/${run.id}`} className={classes.link} data-run-index={index} data-run={run.id}>
        <span className={classes.line}>
          <span className={classes.name} title={run.name}>
            {run.name}
          </span>
          {baseline && <span className={classes.baseline}>baseline</span>}
          <StateBadge state={run.state} note={place === undefined ? undefined : ordinal(place)} />
        </span>
        <span className={classes.line}>
          <span className={classes.facts}>
            {methodWords[run.config.method]} · {run.model.name} · {run.dataset.name}
          </span>
          {result && (
            <span className={`${classes.score} tabular`} title={`The best in validation, at step ${result.step}`}>
              {result.text}
            </span>
          )}
        </span>
      </Link>
      <RunRowMenu run={run} />
      {share !== null && (
        <Progress
          className={classes.progress ?? ''}
          value={share * 100}
          size={2}
          radius={0}
          aria-label={`${run.name}: ${formatPercent(share, 0)} done`}
        />
      )}
    </li>
  )
})
