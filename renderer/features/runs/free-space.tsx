import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { Checkpoint, Run } from '../../../core/contract/domain.ts'
import { useAct } from '../../client/hooks.ts'
import { formatBytes, plural } from '../../ui/format.ts'
import { notifyDone, offerUndo } from '../../ui/undo.tsx'

export interface FreeSpaceDialogProps {
  run: Run
  checkpoints: readonly Checkpoint[]
  opened: boolean
  onClose: () => void
}

/** What of one run can go: spare checkpoints, and the optimizer's state, with what is lost by it. */
export function FreeSpaceDialog({ run, checkpoints, opened, onClose }: FreeSpaceDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Free space of “${run.name}”`} size={480}>
      {opened && <FreeSpaceForm run={run} checkpoints={checkpoints} onClose={onClose} />}
    </Modal>
  )
}

function FreeSpaceForm({ run, checkpoints, onClose }: Omit<FreeSpaceDialogProps, 'opened'>) {
  const spare = checkpoints.filter(({ best, last }) => !best && !last)
  const kept = checkpoints.filter((one) => !spare.includes(one))
  const spareBytes = spare.reduce((sum, { bytes }) => sum + bytes, 0)
  const [withSpare, setWithSpare] = useState(spare.length > 0)
  const [withOptimizer, setWithOptimizer] = useState(false)
  const stateBytes = (withSpare ? kept : checkpoints).reduce((sum, { optimizerBytes }) => sum + optimizerBytes, 0)
  const act = useAct('storage.free')
  const undo = useAct('storage.undo')
  const bytes = (withSpare ? spareBytes : 0) + (withOptimizer ? stateBytes : 0)
  const goesOn = run.state !== 'finished' && run.state !== 'archived'
  const free = () =>
    act.mutate(
      { runs: [run.id], checkpoints: withSpare, optimizer: withOptimizer },
      {
        onSuccess: ({ bytes: freed, undo: token }) => {
          onClose()
          if (token === null) return notifyDone('There was nothing to free.')
          offerUndo(`${formatBytes(freed)} are being freed.`, () => undo.mutateAsync({ undo: token }))
        },
      },
    )
  return (
    <Stack gap="md">
      <Checkbox
        size="xs"
        checked={withSpare}
        disabled={spare.length === 0}
        label={
          spare.length === 0
            ? 'No spare checkpoints: there are only the best and the last'
            : `${plural(spare.length, 'checkpoint')} that ${spare.length === 1 ? 'is' : 'are'} neither best nor last, ${formatBytes(spareBytes)}`
        }
        onChange={(event) => setWithSpare(event.currentTarget.checked)}
      />
      <Checkbox
        size="xs"
        checked={withOptimizer}
        disabled={stateBytes === 0}
        label={
          stateBytes === 0 ? "No optimizer's state (any more)" : `The optimizer's state, ${formatBytes(stateBytes)}`
        }
        description={
          goesOn
            ? 'The run can then not be resumed. Its weights stay: they can be tried, exported and forked.'
            : 'Its weights stay: they can be tried, exported and forked, the fork with a fresh optimizer.'
        }
        onChange={(event) => setWithOptimizer(event.currentTarget.checked)}
      />
      <Text fz={12} c="dimmed">
        The best and the last checkpoint always stay. For a minute it can be undone.
      </Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          color={goesOn && withOptimizer ? 'red' : 'accent'}
          disabled={bytes === 0}
          loading={act.isPending}
          onClick={free}
        >
          {bytes === 0 ? 'Free space' : `Free ${formatBytes(bytes)}`}
        </Button>
      </Group>
    </Stack>
  )
}
