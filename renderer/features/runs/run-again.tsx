import { Button, Group, Modal, Text, TextInput } from '@mantine/core'
import { Pause, Play, Repeat } from 'lucide-react'
import { useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { notifyDone } from '../../ui/undo.tsx'
import { canResume, nextSeeds, readSeeds } from './resumable.ts'

/** Pause while it runs; Resume where there is something to go on from; nothing otherwise. */
export function PauseOrResume({ run }: { run: Run }) {
  const pause = useAct('runs.pause')
  const resume = useAct('runs.resume')
  const { id } = run
  if (run.state === 'running') {
    return (
      <Button
        variant="default"
        leftSection={<Pause size={14} />}
        disabled={run.stopRequested}
        loading={pause.isPending}
        onClick={() => pause.mutate({ id })}
      >
        Pause
      </Button>
    )
  }
  if (!canResume(run)) return null
  return (
    <Button
      variant="light"
      leftSection={<Play size={14} />}
      loading={resume.isPending}
      onClick={() => resume.mutate({ id })}
    >
      Resume
    </Button>
  )
}

/** "Resume from step 120" with one click; where the run has no checkpoint, from the beginning. */
export function ResumeFrom({ run }: { run: Run }) {
  const { data } = useCall('runs.checkpoints', { id: run.id })
  const resume = useAct('runs.resume')
  if (!data) return null
  const step = data.checkpoints.reduce((newest, checkpoint) => Math.max(newest, checkpoint.step), 0)
  return (
    <Button
      size="xs"
      mt={8}
      leftSection={<Play size={14} />}
      loading={resume.isPending}
      onClick={() => resume.mutate({ id: run.id })}
    >
      {step > 0 ? `Resume from step ${step}` : 'Begin again'}
    </Button>
  )
}

export interface RepeatDialogProps {
  run: Run
  opened: boolean
  onClose: () => void
}

/** Queues the same settings under other seeds: how far apart they come out is what chance alone does. */
export function RepeatDialog({ run, opened, onClose }: RepeatDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Repeat “${run.name}”`} size={460}>
      {opened && <RepeatForm run={run} onClose={onClose} />}
    </Modal>
  )
}

function RepeatForm({ run, onClose }: { run: Run; onClose: () => void }) {
  const [text, setText] = useState(nextSeeds(run.config.seed, 3).join(', '))
  const repeat = useAct('runs.repeat')
  const seeds = readSeeds(text)
  const problem = seeds === null ? 'Whole numbers with commas between them, up to twenty.' : undefined
  const queue = () => {
    if (seeds === null) return
    repeat.mutate(
      { id: run.id, seeds },
      {
        onSuccess: ({ runs }) => {
          onClose()
          notifyDone(runs.length === 1 ? 'One run is queued.' : `${runs.length} runs are queued.`)
        },
      },
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        queue()
      }}
    >
      <Text fz={13} mb="sm">
        The same model, data and settings under other seeds. How far apart they come out is what chance alone does.
      </Text>
      <TextInput
        label="Seeds"
        data-autofocus
        value={text}
        error={problem}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" leftSection={<Repeat size={14} />} disabled={seeds === null} loading={repeat.isPending}>
          {seeds === null || seeds.length === 1 ? 'Queue one run' : `Queue ${seeds.length} runs`}
        </Button>
      </Group>
    </form>
  )
}
