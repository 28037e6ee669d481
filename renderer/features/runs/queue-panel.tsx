import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { ArrowDown, ArrowUp, ChevronsUp, Pause, Play, X } from 'lucide-react'
import { Link } from 'wouter'
import type { Run } from '../../../core/contract/domain.ts'
import { runColour, runDash } from '../../charts/palette.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { plural } from '../../ui/format.ts'
import { Swatch } from '../../ui/swatch.tsx'
import { queued } from './queue-order.ts'
import classes from './queue-panel.module.css'
import { useRunActs } from './use-run-acts.ts'

/** What waits for its turn, in order. Nothing at all while nothing waits and the queue is not paused. */
export function QueuePanel({ runs }: { runs: readonly Run[] }) {
  const { data: queue } = useCall('queue.get', {})
  const pause = useAct('queue.pause')
  if (!queue) return null
  const waiting = queued(runs, queue.runs)
  if (waiting.length === 0 && !queue.paused) return null
  return (
    <section className={classes.panel} aria-label="Queue">
      <header className={classes.head}>
        <h2>Queue</h2>
        <span>
          {queue.paused
            ? `Paused: nothing new begins${waiting.length > 0 ? `, ${plural(waiting.length, 'run waits', 'runs wait')}` : ''}.`
            : `${plural(waiting.length, 'run')} to come`}
        </span>
        <Button
          size="compact-xs"
          variant={queue.paused ? 'light' : 'default'}
          leftSection={queue.paused ? <Play size={12} /> : <Pause size={12} />}
          loading={pause.isPending}
          onClick={() => pause.mutate({ paused: !queue.paused })}
        >
          {queue.paused ? 'Let it go on' : 'Pause the queue'}
        </Button>
      </header>
      {waiting.length > 0 && (
        <ol className={classes.list}>
          {waiting.map((run, index) => (
            <QueueRow key={run.id} run={run} index={index} last={index === waiting.length - 1} />
          ))}
        </ol>
      )}
    </section>
  )
}

function QueueRow({ run, index, last }: { run: Run; index: number; last: boolean }) {
  const acts = useRunActs(run)
  return (
    <li>
      <span className={`${classes.place} tabular`}>{index + 1}</span>
      <Swatch colour={runColour(run.colour)} dash={runDash(run.colour)} />
      <Link href={`/runs/${run.id}`} className={classes.name}>
        {run.name}
      </Link>
      <span className={classes.facts}>
        {run.step > 0 ? `goes on from step ${run.step}` : `${run.model.name} on ${run.dataset.name}`}
      </span>
      <Mover
        label={`Move ${run.name} to the front`}
        tip="To the front"
        disabled={index === 0}
        act={() => acts.move('front')}
      >
        <ChevronsUp size={14} />
      </Mover>
      <Mover label={`Move ${run.name} up`} tip="Up" disabled={index === 0} act={() => acts.move('up')}>
        <ArrowUp size={14} />
      </Mover>
      <Mover label={`Move ${run.name} down`} tip="Down" disabled={last} act={() => acts.move('down')}>
        <ArrowDown size={14} />
      </Mover>
      <Mover label={`Take ${run.name} out of the queue`} tip="Take out of the queue" act={acts.leaveQueue}>
        <X size={14} />
      </Mover>
    </li>
  )
}

interface MoverProps {
  label: string
  tip: string
  disabled?: boolean
  act: () => void
  children: React.ReactNode
}

function Mover({ label, tip, disabled = false, act, children }: MoverProps) {
  return (
    <Tooltip label={tip}>
      <ActionIcon variant="subtle" color="gray" size={24} aria-label={label} disabled={disabled} onClick={act}>
        {children}
      </ActionIcon>
    </Tooltip>
  )
}
