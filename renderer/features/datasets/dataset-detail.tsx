import { ActionIcon, Button, Group, Skeleton, Tabs } from '@mantine/core'
import { ArrowLeft, Play } from 'lucide-react'
import { Fragment, useState } from 'react'
import { Link, useLocation } from 'wouter'
import type { Dataset } from '../../../core/contract/domain.ts'
import { taskRoles } from '../../../core/contract/roles.ts'
import { taskTitles } from '../../../core/contract/settings.ts'
import { useCall } from '../../client/hooks.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatBytes, formatCount, formatWhen, plural } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { ClassBars } from './class-bars.tsx'
import { classShares, formatNames, textIsRead } from './columns.ts'
import { DatasetMenu } from './dataset-menu.tsx'
import styles from './datasets.module.css'
import { ProblemList } from './problem-list.tsx'
import { RowBrowser } from './row-browser.tsx'
import { TokenTab } from './token-tab.tsx'

export function DatasetDetail({ id }: { id: string }) {
  const { data, error, refetch } = useCall('datasets.get', { id })
  const [, navigate] = useLocation()
  const back = (
    <ActionIcon component={Link} href="/datasets" aria-label="Back to all datasets">
      <ArrowLeft size={17} />
    </ActionIcon>
  )
  if (error) {
    return (
      <Page title="Dataset" lead={back}>
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      </Page>
    )
  }
  if (!data) {
    return (
      <Page title="Dataset" lead={back}>
        <Skeleton height={200} />
      </Page>
    )
  }
  const { dataset } = data
  return (
    <Page
      title={dataset.name}
      subtitle={subtitle(dataset)}
      lead={back}
      width="full"
      actions={
        <Group gap="xs">
          <Button component={Link} href={`/new?dataset=${id}`} leftSection={<Play size={14} />}>
            Train on it
          </Button>
          <DatasetMenu dataset={dataset} onDeleted={() => navigate('/datasets')} />
        </Group>
      }
    >
      <Body dataset={dataset} />
    </Page>
  )
}

function subtitle(dataset: Dataset): string {
  return [
    plural(dataset.rows, 'row'),
    ...(dataset.labels.length > 0 ? [plural(dataset.labels.length, 'class', 'classes')] : []),
    formatBytes(dataset.bytes),
    `version ${dataset.contentHash.slice(0, 8)}`,
    `${dataset.fileName}, imported ${formatWhen(dataset.createdAt, Date.now())}`,
  ].join(' · ')
}

function Body({ dataset }: { dataset: Dataset }) {
  const [picked, setPicked] = useState<string | null>(null)
  return (
    <div className={styles.detail}>
      <aside className={styles.side} aria-label="About this dataset">
        {dataset.labels.length > 0 && (
          <>
            <h2 className={styles.sideTitle}>Classes</h2>
            <ClassBars
              classes={classShares(dataset.labels)}
              picked={picked}
              onPick={(label) => setPicked(picked === label ? null : label)}
            />
          </>
        )}
        <h2 className={styles.sideTitle}>Source</h2>
        <dl className={styles.facts}>
          <dt>Task</dt>
          <dd>{taskTitles[dataset.task]}</dd>
          {taskRoles[dataset.task].map(({ name, title }) => (
            <Fragment key={name}>
              <dt>{title}</dt>
              <dd>{dataset.mapping[name] ?? 'none'}</dd>
            </Fragment>
          ))}
          <dt>Format</dt>
          <dd>{formatNames[dataset.format]}</dd>
          {textIsRead(dataset.task) && (
            <>
              <dt>Repeated texts</dt>
              <dd>{dataset.duplicateCount === 0 ? 'none' : plural(dataset.duplicateCount, 'row')}</dd>
            </>
          )}
          <dt>Left out</dt>
          <dd>{dataset.problemCount === 0 ? 'none' : plural(dataset.problemCount, 'row')}</dd>
          <dt>Licence</dt>
          <dd>{dataset.licence ?? 'not stated'}</dd>
          <dt>Version</dt>
          <dd>
            <code className={styles.hash}>{dataset.contentHash}</code>
          </dd>
        </dl>
      </aside>
      <Tabs defaultValue="rows" className={styles.tabs} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="rows">Rows</Tabs.Tab>
          {textIsRead(dataset.task) && <Tabs.Tab value="tokens">Tokens</Tabs.Tab>}
          <Tabs.Tab value="problems">
            Problems{dataset.problemCount > 0 && ` (${formatCount(dataset.problemCount)})`}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="rows" className={styles.panel}>
          <RowBrowser dataset={dataset} label={picked} onLabel={setPicked} />
        </Tabs.Panel>
        <Tabs.Panel value="tokens" className={styles.scroll}>
          <TokenTab dataset={dataset} />
        </Tabs.Panel>
        <Tabs.Panel value="problems" className={styles.scroll}>
          {dataset.problemCount === 0 ? (
            <EmptyState title="Every row could be used">
              All {plural(dataset.rows, 'row')} of {dataset.fileName} are in this dataset.
            </EmptyState>
          ) : (
            <ProblemList problems={dataset.problems} total={dataset.problemCount} />
          )}
        </Tabs.Panel>
      </Tabs>
    </div>
  )
}
