import { Button, Group, Skeleton } from '@mantine/core'
import { Boxes, Plus, Sparkles } from 'lucide-react'
import { useState } from 'react'
import type { Model } from '../../../core/contract/domain.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatBytes, formatCount, formatShort, plural } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { useShortcut } from '../../ui/shortcuts.ts'
import { AddDialog } from './add-dialog.tsx'
import { CreateDialog } from './create-dialog.tsx'
import { ModelDrawer } from './model-drawer.tsx'
import { ModelMenu } from './model-menu.tsx'
import styles from './models.module.css'

/** `/models`: the base models that runs begin from. */
export function ModelsScreen() {
  const list = useCall('models.list', {})
  const [adding, setAdding] = useState(false)
  const [creating, setCreating] = useState(false)
  const [shown, setShown] = useState<string | null>(null)
  useShortcut('I', 'Add a model', 'Models', () => setAdding(true))
  const models = list.data?.models ?? []
  return (
    <Page
      title="Models"
      subtitle={list.data ? plural(models.length, 'base model') : ' '}
      actions={
        <Group gap="xs">
          <Button variant="default" leftSection={<Sparkles size={15} />} onClick={() => setCreating(true)}>
            Create from scratch
          </Button>
          <Button leftSection={<Plus size={15} />} onClick={() => setAdding(true)}>
            Add
          </Button>
        </Group>
      }
    >
      {list.error && <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton height={120} />}
      {list.data && models.length === 0 && <NoModels onAdd={() => setAdding(true)} onAdded={setShown} />}
      {models.length > 0 && (
        <DataTable
          label="Models"
          columns={columnsWith(setShown)}
          rows={models}
          rowKey={(model) => model.id}
          onRow={(model) => setShown(model.id)}
        />
      )}
      <ModelDrawer model={models.find(({ id }) => id === shown) ?? null} onClose={() => setShown(null)} />
      <CreateDialog
        opened={creating}
        onClose={() => setCreating(false)}
        models={models}
        onCreated={(model) => {
          setCreating(false)
          setShown(model.id)
        }}
      />
      <AddDialog
        opened={adding}
        onClose={() => setAdding(false)}
        known={models}
        onAdded={(model) => {
          setAdding(false)
          setShown(model.id)
        }}
      />
    </Page>
  )
}

function NoModels({ onAdd, onAdded }: { onAdd: () => void; onAdded: (id: string) => void }) {
  const info = useCall('app.info', {})
  const act = useAct('models.add', { onSuccess: ({ model }) => onAdded(model.id) })
  const starter = info.data?.starters.find(({ available }) => available)
  if (info.isPending) return null
  return (
    <EmptyState
      icon={Boxes}
      title="No model yet"
      action={
        <Group gap="sm" justify="center">
          {starter && (
            <Button
              loading={act.isPending}
              onClick={() => act.mutate({ source: { kind: 'sample', name: starter.name }, name: starter.title })}
            >
              Add {starter.title}
            </Button>
          )}
          <Button variant="default" onClick={onAdd}>
            Add a folder
          </Button>
        </Group>
      }
    >
      A run begins from a pre-trained model: a Hugging Face folder with config.json, model.safetensors and a tokenizer.
      {starter && ` ${starter.description}`}
    </EmptyState>
  )
}

function columnsWith(onShow: (id: string) => void): readonly Column<Model>[] {
  return [
    {
      id: 'name',
      title: 'Name',
      width: 170,
      value: (model) => model.name,
      cell: (model) => (
        <button type="button" className={styles.name} onClick={() => onShow(model.id)}>
          {model.name}
        </button>
      ),
    },
    {
      id: 'architecture',
      title: 'Architecture',
      value: (model) => model.architecture,
      cell: (model) => model.architecture,
    },
    {
      id: 'parameters',
      title: 'Parameters',
      align: 'end',
      value: (model) => model.parameters,
      cell: (model) => <span title={formatCount(model.parameters)}>{formatShort(model.parameters)}</span>,
    },
    {
      id: 'shape',
      title: 'Layers × hidden (× heads)',
      value: (model) => model.layers,
      cell: ({ layers, hiddenSize, heads }) => [layers, hiddenSize, ...(heads > 0 ? [heads] : [])].join(' × '),
    },
    {
      id: 'length',
      title: 'Max length',
      align: 'end',
      value: (model) => model.maxPositions,
      cell: (model) => (model.maxPositions > 0 ? plural(model.maxPositions, 'token') : 'any'),
    },
    {
      id: 'size',
      title: 'Size',
      align: 'end',
      value: (model) => model.bytes,
      cell: (model) => formatBytes(model.bytes),
    },
    { id: 'licence', title: 'Licence', cell: (model) => model.licence ?? 'not stated' },
    {
      id: 'hash',
      title: 'Weights',
      cell: (model) => <code title={`SHA-256 ${model.weightsHash}`}>{model.weightsHash.slice(0, 8)}</code>,
    },
    { id: 'menu', title: '', align: 'end', width: 44, cell: (model) => <ModelMenu model={model} /> },
  ]
}
