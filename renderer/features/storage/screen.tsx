import { Button, Group } from '@mantine/core'
import { HardDrive, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { Storage } from '../../../core/contract/domain.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatBytes } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { notifyDone, offerUndo } from '../../ui/undo.tsx'
import { RunTable } from './run-table.tsx'
import classes from './storage.module.css'
import { spareBytes, stateBytes } from './sums.ts'

/** Runs write while this is open. */
const lookEveryMs = 4000

/** `/storage`: what takes how much room, and what of it can go. */
export function StorageScreen() {
  const storage = useCall('storage.get', {}, { refetchInterval: lookEveryMs })
  const runs = useCall('runs.list', {}).data?.runs
  if (storage.error && !storage.data) {
    return (
      <Page title="Storage">
        <ErrorPanel error={storage.error} onRetry={() => void storage.refetch()} />
      </Page>
    )
  }
  if (!storage.data || !runs) return null
  const refresh = () => void storage.refetch()
  return (
    <Page
      title="Storage"
      subtitle={`${formatBytes(storage.data.freeDiskBytes)} are free on this disk`}
      actions={<FreeButtons storage={storage.data} onDone={refresh} />}
    >
      <Totals storage={storage.data} />
      {storage.data.runs.length === 0 ? (
        <EmptyState icon={HardDrive} title="No run has written anything yet">
          Checkpoints of runs take most of the room; what can go of them is shown here.
        </EmptyState>
      ) : (
        <RunTable spaces={storage.data.runs} runs={runs} />
      )}
    </Page>
  )
}

function Totals({ storage }: { storage: Storage }) {
  const facts: [string, number][] = [
    ['Runs', storage.runBytes],
    ['Models', storage.modelBytes],
    ['Datasets', storage.datasetBytes],
    ['Exports', storage.exportBytes],
    ['Trash', storage.trashBytes],
  ]
  return (
    <dl className={classes.totals}>
      {facts.map(([name, bytes]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{formatBytes(bytes)}</dd>
        </div>
      ))}
    </dl>
  )
}

function FreeButtons({ storage, onDone }: { storage: Storage; onDone: () => void }) {
  const [asking, setAsking] = useState<'optimizer' | 'trash' | null>(null)
  const undo = useAct('storage.undo', { onSuccess: onDone })
  const free = useAct('storage.free', {
    onSuccess: ({ bytes, undo: token }) => {
      onDone()
      if (token === null) return notifyDone('There was nothing to free.')
      offerUndo(`${formatBytes(bytes)} are being freed.`, () => undo.mutateAsync({ undo: token }))
    },
  })
  const empty = useAct('storage.emptyTrash', {
    onSuccess: ({ bytes }) => {
      onDone()
      notifyDone(`${formatBytes(bytes)} are free again.`)
    },
  })
  const spare = spareBytes(storage.runs)
  const states = stateBytes(storage.runs)
  return (
    <Group gap="xs">
      <Button variant="default" disabled={spare === 0} loading={free.isPending} onClick={() => free.mutate({})}>
        Free spare checkpoints{spare > 0 && ` (${formatBytes(spare)})`}
      </Button>
      <Button variant="default" disabled={states === 0} onClick={() => setAsking('optimizer')}>
        Free optimizer states{states > 0 && ` (${formatBytes(states)})`}…
      </Button>
      <Button
        variant="default"
        leftSection={<Trash2 size={14} />}
        disabled={storage.trashBytes === 0}
        loading={empty.isPending}
        onClick={() => setAsking('trash')}
      >
        Empty the trash…
      </Button>
      <Confirm
        opened={asking === 'optimizer'}
        onClose={() => setAsking(null)}
        title="Free the optimizer's state of finished runs?"
        choices={[
          {
            label: `Free ${formatBytes(states)}`,
            primary: true,
            act: () => free.mutate({ checkpoints: false, optimizer: true }),
          },
        ]}
      >
        The weights stay, and can be tried, exported, compared and forked as before; only a fork cannot take the
        optimizer's state along any more. Runs that could go on keep theirs. For a minute it can be undone.
      </Confirm>
      <Confirm
        opened={asking === 'trash'}
        onClose={() => setAsking(null)}
        title="Empty the trash?"
        choices={[
          { label: `Remove ${formatBytes(storage.trashBytes)} for good`, danger: true, act: () => empty.mutate({}) },
        ]}
      >
        Deleted runs, models and datasets can then not be restored any more. Otherwise they are removed 30 days after
        they were deleted.
      </Confirm>
    </Group>
  )
}
