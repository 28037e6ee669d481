import { Progress } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'
import { Link, useParams } from 'wouter'
import type { Run } from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { useSelection } from '../../app/selection.ts'
import { useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatPercent } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { ChartGrid } from './chart-grid.tsx'
import { ChartSettings } from './chart-settings.tsx'
import { drawnOf, type ListView, listed } from './list-order.ts'
import { NoRuns } from './no-runs.tsx'
import { progressText, shareDone } from './progress.ts'
import { QueuePanel } from './queue-panel.tsx'
import { RunDetail } from './run-detail.tsx'
import { RunList } from './run-list.tsx'
import classes from './screen.module.css'

/** `/runs`: the list and everybody's charts. `/runs/:id`: the list and one run. */
export function RunsScreen() {
  const { id } = useParams<{ id?: string }>()
  const { data, error, refetch } = useCall('runs.list', {})
  const [view, setView] = useState<ListView>({ search: '', filter: 'all', order: 'newest' })
  const [drawAll, setDrawAll] = useState(false)
  const hidden = useSelection((selection) => selection.hidden)
  const setHighlight = useHighlight((highlight) => highlight.set)
  const prune = useSelection((selection) => selection.prune)
  const runs = data?.runs
  const shown = useMemo(() => listed(runs ?? [], view), [runs, view])
  useEffect(() => {
    if (runs) prune(new Set(runs.map((run) => run.id)))
  }, [runs, prune])

  // The row or chart that was pointed at may be gone with the screen.
  useEffect(() => () => setHighlight(null), [setHighlight])

  if (error && !runs) {
    return (
      <Page title="Runs">
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      </Page>
    )
  }
  if (!runs) return null
  if (runs.length === 0) {
    return (
      <Page title="Runs">
        <NoRuns />
      </Page>
    )
  }
  const drawn = drawnOf(shown, hidden, drawAll)
  return (
    <div className={classes.screen} data-detail={id !== undefined || undefined}>
      <RunList runs={shown} view={view} onView={(change) => setView({ ...view, ...change })} open={id} />
      <div className={classes.main}>
        {id === undefined ? (
          <>
            <Live run={runs.find((run) => run.state === 'running')} />
            <QueuePanel runs={runs} />
            <ChartSettings
              drawn={drawn.length}
              drawable={drawnOf(shown, hidden, true).length}
              onDrawAll={() => setDrawAll(true)}
            />
            <ChartGrid runs={drawn} />
          </>
        ) : (
          <RunDetail id={id} />
        )}
      </div>
    </div>
  )
}

/** The run that is being trained, above everybody's charts. */
function Live({ run }: { run: Run | undefined }) {
  if (!run) return null
  const share = shareDone(run)
  return (
    <div className={classes.live} role="status">
      <Link href={`/runs/${run.id}`}>{run.name}</Link>
      <Progress flex={1} size={6} value={(share ?? 0) * 100} aria-label={`${formatPercent(share ?? 0, 0)} done`} />
      <span className="tabular">{progressText(run)}</span>
    </div>
  )
}
