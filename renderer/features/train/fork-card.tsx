import { Button, Select, Switch, Text } from '@mantine/core'
import { GitFork } from 'lucide-react'
import { Link } from 'wouter'
import type { Checkpoint, Run } from '../../../core/contract/domain.ts'
import { useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatBytes, formatNumber } from '../../ui/format.ts'
import { checkpointOf, type Fork } from './fork.ts'
import styles from './train.module.css'

export interface ForkCardProps {
  fork: Fork
  parent: Run
  onFork: (fork: Fork | null) => void
}

/** In place of the models: the checkpoint that the run begins with, and whether the optimizer goes on from there too. */
export function ForkCard({ fork, parent, onFork }: ForkCardProps) {
  const { data, error } = useCall('runs.checkpoints', { id: parent.id })
  const checkpoints = data?.checkpoints ?? []
  const chosen = checkpointOf(checkpoints, fork)
  if (error) return <ErrorPanel error={error} />
  return (
    <div className={styles.fork}>
      <div className={styles.forkHead}>
        <GitFork size={16} aria-hidden />
        <span>
          Begins with the weights of <Link href={`/runs/${parent.id}`}>{parent.name}</Link>
        </span>
        <Button variant="default" size="compact-xs" ml="auto" onClick={() => onFork(null)}>
          Begin with {parent.model.name} instead
        </Button>
      </div>
      {data && checkpoints.length === 0 && (
        <Text fz={12} c="red">
          It has no checkpoint (any more): there is nothing to begin with.
        </Text>
      )}
      <div className={styles.forkChoices}>
        <Select
          label="Checkpoint"
          data={checkpoints.map((one) => ({ value: String(one.step), label: checkpointText(one) }))}
          value={chosen ? String(chosen.step) : null}
          allowDeselect={false}
          disabled={checkpoints.length === 0}
          onChange={(step) => step !== null && onFork({ ...fork, checkpoint: Number(step), optimizer: false })}
        />
        <Switch
          label="Take the optimizer's state along"
          description={
            chosen?.optimizerBytes === 0
              ? 'It was removed from this checkpoint to free space.'
              : `What it remembers of the gradients (${formatBytes(chosen?.optimizerBytes)}); off, it begins anew. The schedule begins anew either way.`
          }
          checked={fork.optimizer}
          disabled={!chosen || chosen.optimizerBytes === 0}
          onChange={(event) => onFork({ ...fork, optimizer: event.currentTarget.checked })}
        />
      </div>
    </div>
  )
}

function checkpointText({ step, best, last, metrics }: Checkpoint): string {
  const marks = [best && 'best', last && 'last'].filter(Boolean).join(', ')
  const loss = metrics['eval/loss']
  return [`Step ${step}`, marks && `(${marks})`, loss !== undefined && `· loss ${formatNumber(loss)}`]
    .filter(Boolean)
    .join(' ')
}
