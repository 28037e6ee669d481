import type { Run } from '../../../core/contract/domain.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { stepText } from './progress.ts'

export interface StopDialogProps {
  run: Run
  opened: boolean
  onClose: () => void
  onStop: (keep: boolean) => void
}

export function StopDialog({ run, opened, onClose, onStop }: StopDialogProps) {
  const waiting = run.state === 'queued'
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={`Stop “${run.name}”?`}
      choices={
        waiting
          ? [{ label: 'Take out of the queue', primary: true, act: () => onStop(false) }]
          : [
              {
                label: 'Discard weights',
                help: 'ends now; curves, log and checkpoints written so far stay, the present weights do not.',
                danger: true,
                act: () => onStop(false),
              },
              {
                label: 'Keep weights',
                help: 'writes a last checkpoint first, which can be tried, exported and compared.',
                primary: true,
                act: () => onStop(true),
              },
            ]
      }
    >
      {waiting ? 'It has not begun; nothing is lost.' : `It is at ${stepText(run)}.`}
    </Confirm>
  )
}
