import type { RunState } from '../../core/contract/domain.ts'
import classes from './badges.module.css'

const meanings: Record<RunState, string> = {
  queued: 'Waits for the run before it.',
  running: 'Is being trained now.',
  paused: 'Paused; its place is kept.',
  stopped: 'Ended on request before its last step.',
  finished: 'All steps are done.',
  failed: 'Ended by an error.',
  interrupted: 'Attune ended while it was running. What was recorded is there.',
  archived: 'Put away.',
}

/** A run's state as a word with a dot, never by colour alone; behind it what else is to be said of it. */
export function StateBadge({ state, note }: { state: RunState; note?: string | undefined }) {
  return (
    <span className={classes.state} data-state={state} title={meanings[state]}>
      <span className={classes.dot} aria-hidden />
      {state}
      {note !== undefined && <span>{note}</span>}
    </span>
  )
}
