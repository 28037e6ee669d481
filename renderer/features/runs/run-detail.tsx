import { Tabs } from '@mantine/core'
import { keepPreviousData } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation, useSearch } from 'wouter'
import type { Run } from '../../../core/contract/domain.ts'
import { outputTasks, writingTasks } from '../../../core/contract/settings.ts'
import { useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ExportDialog, type Which } from './export-dialog.tsx'
import { RunCharts } from './run-charts.tsx'
import { RunCheckpoints } from './run-checkpoints.tsx'
import { RunConfusion } from './run-confusion.tsx'
import classes from './run-detail.module.css'
import { RunHeader } from './run-header.tsx'
import { RunLog } from './run-log.tsx'
import { RunSettings } from './run-settings.tsx'
import { RunSummary } from './run-summary.tsx'
import { RunTry } from './run-try.tsx'
import { RunWrite } from './run-write.tsx'

const tabs = {
  charts: 'Charts',
  confusion: 'Confusion',
  settings: 'Settings',
  log: 'Log',
  checkpoints: 'Checkpoints',
  try: 'Try it',
}
type Tab = keyof typeof tabs

/** Only where there are classes is one taken for another. */
function tabsOf({ plan }: Run): [string, string][] {
  return Object.entries(tabs).filter(([tab]) => tab !== 'confusion' || (plan?.labels.length ?? 0) > 0)
}

/** All about one run. The open tab is part of the address. */
export function RunDetail({ id }: { id: string }) {
  const { data, error, refetch } = useCall('runs.get', { id }, { placeholderData: keepPreviousData })
  const [, navigate] = useLocation()
  const asked = new URLSearchParams(useSearch()).get('tab') ?? ''
  const tab: Tab = Object.hasOwn(tabs, asked) ? (asked as Tab) : 'charts'
  const [exporting, setExporting] = useState<Which | null>(null)
  if (error) {
    return (
      <div className={classes.padded}>
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      </div>
    )
  }
  const run = data?.run
  if (!run) return null
  return (
    <div className={classes.detail}>
      <RunHeader key={run.id} run={run} onExport={setExporting} />
      <RunSummary run={run} />
      <Tabs
        className={classes.tabs ?? ''}
        value={tab}
        keepMounted={false}
        onChange={(next) => navigate(`/runs/${id}${next === 'charts' ? '' : `?tab=${next}`}`, { replace: true })}
      >
        <Tabs.List className={classes.tabList ?? ''}>
          {tabsOf(run).map(([value, title]) => (
            <Tabs.Tab key={value} value={value} fz={13}>
              {title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel className={classes.panel ?? ''} value={tab}>
          {tab === 'charts' && <RunCharts run={run} />}
          {tab === 'confusion' && <RunConfusion run={run} />}
          {tab === 'settings' && <RunSettings run={run} />}
          {tab === 'log' && <RunLog id={run.id} />}
          {tab === 'checkpoints' && <RunCheckpoints run={run} onExport={setExporting} />}
          {tab === 'try' &&
            ([...writingTasks, ...outputTasks].includes(run.config.task) ? (
              <RunWrite key={run.id} run={run} />
            ) : (
              <RunTry key={run.id} run={run} />
            ))}
        </Tabs.Panel>
      </Tabs>
      <ExportDialog run={run} which={exporting} onClose={() => setExporting(null)} />
    </div>
  )
}
