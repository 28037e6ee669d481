import { Skeleton } from '@mantine/core'
import { keepPreviousData } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { withBaseline } from '../../app/selection.ts'
import { useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { plural } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { useShortcut } from '../../ui/shortcuts.ts'
import { type CompareAddress, rotated } from './address.ts'
import styles from './compare.module.css'
import { ConfigTable } from './config-table.tsx'
import { Confusions } from './confusions.tsx'
import { Curves } from './curves.tsx'
import { LengthTable } from './length-table.tsx'
import { MetricsTable } from './metrics-table.tsx'
import { Outputs } from './outputs.tsx'
import { Overview } from './overview.tsx'
import { PaceTable } from './pace-table.tsx'
import { RunBar } from './run-bar.tsx'
import { RunPicker } from './run-picker.tsx'
import { SectionLinks } from './section.tsx'
import { useComparison } from './use-comparison.ts'
import { useRunHover } from './use-run-hover.ts'

/** `/compare?runs=a,b`: verdict, curves, configuration, metrics and outputs of two or more runs, on one page. */
export function CompareScreen() {
  const { address, change } = useComparison()
  const list = useCall('runs.list', {})
  const all = list.data?.runs
  const known = all ? address.runs.filter((id) => all.some((run) => run.id === id)) : address.runs
  const gone = address.runs.length - known.length
  const setHighlight = useHighlight((highlight) => highlight.set)
  useEffect(() => () => setHighlight(null), [setHighlight])

  const shown = all?.filter((run) => known.includes(run.id)) ?? []
  return (
    <Page
      title="Compare"
      subtitle={known.length < 2 ? 'Two or more runs side by side' : subtitleOf(shown)}
      width="full"
      {...(known.length > 1 && { actions: <SectionLinks /> })}
    >
      {list.error && <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />}
      {gone > 0 && (
        <p className={styles.gone} role="status">
          {plural(gone, 'run')} of this comparison {gone === 1 ? 'is' : 'are'} no longer there.
        </p>
      )}
      {list.isPending && <Skeleton height={180} m="md" />}
      {all && known.length < 2 && <RunPicker runs={all} picked={known} onCompare={(runs) => change({ runs })} />}
      {all && known.length > 1 && <Comparison {...{ address: { ...address, runs: known }, change, all }} />}
    </Page>
  )
}

function subtitleOf(runs: readonly Run[]): string {
  const datasets = [...new Set(runs.map((run) => run.dataset.name))]
  return `${plural(runs.length, 'run')} on ${datasets.length === 1 ? datasets[0] : plural(datasets.length, 'dataset')}`
}

interface ComparisonProps {
  address: CompareAddress
  change: (change: Partial<CompareAddress>) => void
  all: readonly Run[]
}

function Comparison({ address, change, all }: ComparisonProps) {
  const { runs: ids } = address
  // Curves and outputs have calls of their own, with what they are filtered by; here only one row of each is asked for.
  const comparison = useCall(
    'comparisons.get',
    { runs: [...ids], width: 2, limit: 1 },
    { placeholderData: keepPreviousData },
  )
  const hover = useRunHover()
  useShortcut('D', 'Differences only, or all settings', 'Compare', () =>
    change({ differencesOnly: !address.differencesOnly }),
  )
  useShortcut('P', 'Pin as baseline: the run under the pointer, else the next', 'Compare', () => {
    const { id } = useHighlight.getState()
    change({ runs: id !== null && ids.includes(id) && id !== ids[0] ? withBaseline(ids, id) : rotated(ids) })
  })

  const runs = ids.flatMap((id) => all.find((run) => run.id === id) ?? [])
  const data = comparison.data
  const current = data && sameRuns(data.runs, ids) ? data : undefined
  return (
    <div className={styles.comparison} {...hover}>
      <RunBar runs={runs} all={all} onChange={(next) => change({ runs: next })} />
      <div className={styles.blocks}>
        {comparison.error && <ErrorPanel error={comparison.error} onRetry={() => void comparison.refetch()} />}
        {!current && !comparison.error && <Skeleton height={160} />}
        {current && (
          <Overview
            comparison={current}
            onShow={(filter, versus) => {
              change({ filter, versus: ids.length > 2 ? versus : null })
              document.getElementById('outputs')?.scrollIntoView({ behavior: 'smooth', block: 'start' })
            }}
          />
        )}
        <Curves runs={runs} />
        {current && (
          <>
            <ConfigTable
              runs={current.runs}
              rows={current.configDiff}
              differencesOnly={address.differencesOnly}
              onDifferencesOnly={(differencesOnly) => change({ differencesOnly })}
            />
            <MetricsTable runs={current.runs} rows={current.metrics} at={address.at} onAt={(at) => change({ at })} />
            <LengthTable runs={current.runs} />
            <PaceTable key={ids.join()} runs={current.runs} />
          </>
        )}
        <Confusions runs={runs} />
        <Outputs runs={runs} address={address} change={change} />
      </div>
    </div>
  )
}

/** While another comparison is fetched the old one is at hand; it is not shown under the new names. */
function sameRuns(runs: readonly Run[], ids: readonly string[]): boolean {
  return runs.length === ids.length && runs.every((run, at) => run.id === ids[at])
}
