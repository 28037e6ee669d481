import { Alert, Button, Progress, Text, Textarea } from '@mantine/core'
import { Unplug } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { resultsOf } from '../../../core/contract/judgement.ts'
import { countedIn } from '../../../core/contract/roles.ts'
import { formatMeasure } from '../../charts/series.ts'
import { useCall } from '../../client/hooks.ts'
import { type Fact, FactRows } from '../../ui/fact-rows.tsx'
import { formatBytes, formatDuration, formatPercent, formatRate, formatShort, formatWhen } from '../../ui/format.ts'
import { Lineage, ReproductionAlert } from './lineage.tsx'
import { elapsedMs, progressText, shareDone, stepText } from './progress.ts'
import { placeText } from './queue-order.ts'
import { ResumeFrom } from './run-again.tsx'
import classes from './run-detail.module.css'
import { RunFailure } from './run-failure.tsx'
import { isOver, useRunActs } from './use-run-acts.ts'

/** What a run has come to: where it is, its best numbers, and why it ended when it ended badly. */
export function RunSummary({ run }: { run: Run }) {
  const share = shareDone(run)
  return (
    <div className={classes.summary}>
      {run.state !== 'interrupted' && <RunFailure run={run} />}
      {run.reproduction && (run.reproduction.outcome !== 'pending' || run.state === 'finished') && (
        <ReproductionAlert reproduction={run.reproduction} />
      )}
      {run.state === 'interrupted' && (
        <Alert mb={10} color="yellow" variant="light" icon={<Unplug size={18} />} title="This run was interrupted">
          Attune ended while it was at {stepText(run)}. Curves, log and checkpoints up to the last record are intact. It
          can go on from its last checkpoint; the steps after it are done again.
          <br />
          <ResumeFrom run={run} />
        </Alert>
      )}
      {(!isOver(run) || run.state === 'paused') && (
        <div className={classes.progressLine} role="status">
          <Progress
            flex={1}
            size={6}
            value={(share ?? 0) * 100}
            animated={run.state === 'running' && share === null}
            aria-label={`${formatPercent(share ?? 0, 0)} done`}
          />
          <span className="tabular">{run.state === 'queued' ? <Waiting run={run} /> : progressText(run)}</span>
        </div>
      )}
      <Lineage run={run} />
      <dl className={classes.facts}>
        <FactRows facts={factsOf(run)} />
        {run.state === 'running' && <Saved run={run} />}
      </dl>
      <Notes key={run.id} run={run} />
    </div>
  )
}

/** What would be left of a run if everything ended now. */
function Saved({ run }: { run: Run }) {
  const { data } = useCall('runs.checkpoints', { id: run.id })
  if (!data) return null
  const newest = data.checkpoints.toSorted((a, b) => b.createdAt - a.createdAt)[0]
  return (
    <div>
      <dt>Saved</dt>
      <dd>
        {newest ? `step ${newest.step}` : 'nothing yet'}
        {newest && <small>{formatWhen(newest.createdAt, Date.now())}</small>}
      </dd>
    </div>
  )
}

/** Where it stands in the queue, and the way to the front. */
function Waiting({ run }: { run: Run }) {
  const { data: queue } = useCall('queue.get', {})
  const acts = useRunActs(run)
  const place = placeText(queue?.runs ?? [], run.id)
  if (place === '') return progressText(run)
  const goesOn = run.step > 0 ? `, goes on from step ${run.step}` : ''
  return (
    <>
      {place}
      {goesOn}
      {queue?.paused && '; the queue is paused'}
      {(queue?.runs.indexOf(run.id) ?? 0) > 0 && (
        <Button ml={10} size="compact-xs" variant="default" onClick={() => acts.move('front')}>
          To the front
        </Button>
      )}
    </>
  )
}

function factsOf(run: Run): Fact[] {
  const { metrics, timings, plan } = run
  const live = (series: string) => metrics[series]?.last.value
  const elapsed = elapsedMs(run, Date.now())
  const speed = timings?.tokensPerSecond ?? live('perf/tokens_per_second') ?? live('perf/examples_per_second')
  const memory = timings?.peakMemoryBytes ?? live('perf/memory')
  return [
    ...resultsOf(run.config.task, 1).flatMap((info) => {
      const best = metrics[info.name]?.best
      return best ? [{ name: info.label, value: formatMeasure(info, best.value), note: `best, step ${best.step}` }] : []
    }),
    ...(isOver(run) ? [{ name: 'Steps', value: `${run.step}`, ...(plan && { note: `of ${plan.totalSteps}` }) }] : []),
    ...(elapsed === null ? [] : [{ name: 'Time', value: formatDuration(elapsed) }]),
    ...(speed === undefined ? [] : [{ name: 'Speed', value: formatRate(speed, countedIn(run.config.task)) }]),
    ...(memory === undefined ? [] : [{ name: timings ? 'Peak memory' : 'Memory', value: formatBytes(memory) }]),
    ...(plan
      ? [
          {
            name: 'Trained weights',
            value: formatPercent(
              plan.trainableParameters / plan.parameters,
              plan.trainableParameters === plan.parameters ? 0 : 2,
            ),
            note: `of ${formatShort(plan.parameters)}`,
          },
        ]
      : []),
    ...(run.bytes > 0 ? [{ name: 'On disk', value: formatBytes(run.bytes) }] : []),
  ]
}

function Notes({ run }: { run: Run }) {
  const acts = useRunActs(run)
  const [draft, setDraft] = useState(run.notes)
  useEffect(() => setDraft(run.notes), [run.notes])
  return (
    <Textarea
      variant="unstyled"
      autosize
      minRows={1}
      maxRows={6}
      maxLength={20_000}
      aria-label="Notes on this run"
      placeholder="Notes…"
      value={draft}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={() => draft !== run.notes && acts.setNotes(draft)}
    />
  )
}

/** For a tab that has nothing to show yet. */
export function NotYet({ children }: { children: ReactNode }) {
  return (
    <Text c="dimmed" fz={13} py="xl" ta="center">
      {children}
    </Text>
  )
}
