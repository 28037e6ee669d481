import { Button, Group, Skeleton } from '@mantine/core'
import { Database, Plus } from 'lucide-react'
import { type DragEvent, useState } from 'react'
import { Link, useLocation } from 'wouter'
import type { Dataset } from '../../../core/contract/domain.ts'
import { taskTitles } from '../../../core/contract/settings.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatBytes, formatCount, formatWhen, plural } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { useShortcut } from '../../ui/shortcuts.ts'
import { DatasetMenu } from './dataset-menu.tsx'
import styles from './datasets.module.css'
import { ImportDialog } from './import-dialog.tsx'
import { useImport } from './use-import.ts'

export function DatasetList() {
  const list = useCall('datasets.list', {})
  const flow = useImport()
  const [importing, setImporting] = useState(false)
  const [, navigate] = useLocation()
  useShortcut('I', 'Import a dataset', 'Datasets', () => setImporting(true))
  const datasets = list.data?.datasets ?? []

  const drop = (event: DragEvent) => {
    const file = event.dataTransfer.files[0]
    if (!file || importing) return
    event.preventDefault()
    setImporting(true)
    flow.takeFile(file)
  }

  return (
    <Page
      title="Datasets"
      subtitle={list.data ? plural(datasets.length, 'dataset') : ' '}
      actions={
        <Button leftSection={<Plus size={15} />} onClick={() => setImporting(true)}>
          Import
        </Button>
      }
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a short cut for the pointer; Import does the same */}
      <div style={{ minHeight: '100%' }} onDragOver={(event) => event.preventDefault()} onDrop={drop}>
        {list.error && <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />}
        {list.isPending && <Skeleton height={120} />}
        {list.data && datasets.length === 0 && <NoDatasets onImport={() => setImporting(true)} />}
        {datasets.length > 0 && (
          <DataTable
            label="Datasets"
            columns={columns}
            rows={datasets}
            rowKey={(dataset) => dataset.id}
            onRow={(dataset) => navigate(`/datasets/${dataset.id}`)}
          />
        )}
      </div>
      <ImportDialog
        flow={flow}
        opened={importing}
        onClose={() => setImporting(false)}
        onImported={(dataset) => {
          setImporting(false)
          navigate(`/datasets/${dataset.id}`)
        }}
      />
    </Page>
  )
}

function NoDatasets({ onImport }: { onImport: () => void }) {
  const info = useCall('app.info', {})
  const [, navigate] = useLocation()
  const act = useAct('datasets.import', { onSuccess: ({ dataset }) => navigate(`/datasets/${dataset.id}`) })
  const sample = info.data?.samples.find((one) => one.available)
  if (info.isPending) return null
  return (
    <EmptyState
      icon={Database}
      title="No dataset yet"
      action={
        <Group gap="sm" justify="center">
          {sample && (
            <Button
              loading={act.isPending}
              onClick={() => act.mutate({ source: { kind: 'sample', name: sample.name }, name: sample.title })}
            >
              Import the sample dataset
            </Button>
          )}
          <Button variant="default" onClick={onImport}>
            Import a file
          </Button>
        </Group>
      }
    >
      A dataset is a CSV or JSONL file, one example a row, or a folder of pictures or clips. Drop a file here, or begin
      with the sample
      {sample ? `: ${sample.description}` : '.'}
    </EmptyState>
  )
}

const columns: readonly Column<Dataset>[] = [
  {
    id: 'name',
    title: 'Name',
    width: 170,
    value: (dataset) => dataset.name,
    cell: (dataset) => (
      <Link href={`/datasets/${dataset.id}`} className={styles.link}>
        {dataset.name}
      </Link>
    ),
  },
  {
    id: 'rows',
    title: 'Rows',
    align: 'end',
    value: (dataset) => dataset.rows,
    cell: (dataset) => formatCount(dataset.rows),
  },
  {
    id: 'task',
    title: 'Task',
    value: (dataset) => dataset.task,
    cell: (dataset) => taskTitles[dataset.task],
  },
  {
    id: 'classes',
    title: 'Classes',
    width: 110,
    value: (dataset) => dataset.labels.length,
    cell: (dataset) => classesText(dataset),
  },
  {
    id: 'columns',
    title: 'Columns used',
    width: 150,
    cell: ({ mapping }) => Object.values(mapping).join(' → '),
  },
  {
    id: 'problems',
    title: 'Left out',
    align: 'end',
    value: (dataset) => dataset.problemCount,
    cell: (dataset) => (dataset.problemCount === 0 ? '–' : plural(dataset.problemCount, 'row')),
  },
  {
    id: 'version',
    title: 'Version',
    cell: (dataset) => <code title={`SHA-256 ${dataset.contentHash}`}>{dataset.contentHash.slice(0, 8)}</code>,
  },
  {
    id: 'size',
    title: 'Size',
    align: 'end',
    value: (dataset) => dataset.bytes,
    cell: (dataset) => formatBytes(dataset.bytes),
  },
  {
    id: 'created',
    title: 'Imported',
    width: 108,
    value: (dataset) => dataset.createdAt,
    cell: (dataset) => formatWhen(dataset.createdAt, Date.now()),
  },
  { id: 'menu', title: '', align: 'end', width: 44, cell: (dataset) => <DatasetMenu dataset={dataset} /> },
]

function classesText({ labels }: Dataset): string {
  if (labels.length === 0) return '–'
  const shown = labels.slice(0, 3).map(({ label }) => label)
  return `${labels.length} (${shown.join(', ')}${labels.length > 3 ? ', …' : ''})`
}
