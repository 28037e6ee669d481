import { Badge, Button, Group, Text } from '@mantine/core'
import { HardDrive } from 'lucide-react'
import { useState } from 'react'
import type { Checkpoint, Run } from '../../../core/contract/domain.ts'
import { resultsOf } from '../../../core/contract/judgement.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { formatMeasure } from '../../charts/series.ts'
import { useCall } from '../../client/hooks.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatBytes, formatNumber, formatWhen } from '../../ui/format.ts'
import type { Which } from './export-dialog.tsx'
import { FreeSpaceDialog } from './free-space.tsx'
import classes from './run-detail.module.css'
import { NotYet } from './run-summary.tsx'
import { isOver, useRunActs } from './use-run-acts.ts'

export interface RunCheckpointsProps {
  run: Run
  onExport: (which: Which) => void
}

export function RunCheckpoints({ run, onExport }: RunCheckpointsProps) {
  const { data, error, refetch } = useCall('runs.checkpoints', { id: run.id })
  const [freeing, setFreeing] = useState(false)
  const { fork, makeModel } = useRunActs(run)
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />
  if (!data) return null
  if (data.checkpoints.length === 0) {
    return (
      <NotYet>There is no checkpoint. One is written at each evaluation, every few minutes, and at the end.</NotYet>
    )
  }
  return (
    <div className={classes.padded}>
      <Group justify="space-between" mb="xs" gap="md" wrap="nowrap">
        <Text fz={12} c="dimmed">
          {usage(run, data.checkpoints)}
        </Text>
        {isOver(run) && (
          <Button
            variant="default"
            size="compact-xs"
            leftSection={<HardDrive size={12} />}
            style={{ flex: 'none' }}
            onClick={() => setFreeing(true)}
          >
            Free space…
          </Button>
        )}
      </Group>
      <DataTable
        label="Checkpoints"
        rows={data.checkpoints}
        rowKey={(checkpoint) => checkpoint.id}
        columns={columns(
          run.config.task,
          { onExport, onFork: fork, onUse: makeModel },
          data.checkpoints.find(({ last }) => last)?.step,
        )}
        initialSort={{ column: 'step', descending: true }}
      />
      <FreeSpaceDialog run={run} checkpoints={data.checkpoints} opened={freeing} onClose={() => setFreeing(false)} />
    </div>
  )
}

/** "91 MB in all, 60 MB of it the optimizer's state. The best one answers and is exported unless another is asked for." */
function usage(run: Run, checkpoints: readonly Checkpoint[]): string {
  const states = checkpoints.reduce((sum, { optimizerBytes }) => sum + optimizerBytes, 0)
  const own = checkpoints.reduce((sum, { bytes }) => sum + bytes, 0)
  const parts = [
    `${formatBytes(run.bytes)} in all`,
    states > 0 && `${formatBytes(states)} of it the optimizer's state`,
    run.start && run.bytes > own && `${formatBytes(run.bytes - own)} what it began with`,
  ].filter(Boolean)
  return `${parts.join(', ')}. The best one answers, and is exported and forked, unless another is asked for.`
}

interface RowActs {
  onExport: (which: Which) => void
  onFork: (step: number) => void
  onUse: (step: number) => void
}

/** `lastStep`: later checkpoints hold the weights that a run diverged with. */
function columns(
  task: TaskName,
  { onExport, onFork, onUse }: RowActs,
  lastStep: number | undefined,
): Column<Checkpoint>[] {
  const measures = resultsOf(task, 0).map(
    (info): Column<Checkpoint> => ({
      id: info.name,
      title: info.label.replace(/^Validation (.)/, (_, first: string) => first.toUpperCase()),
      align: 'end',
      value: ({ metrics }) => metrics[info.name] ?? null,
      cell: ({ metrics }) => formatMeasure(info, metrics[info.name] ?? null),
    }),
  )
  return [
    {
      id: 'step',
      title: 'Step',
      width: 150,
      value: ({ step }) => step,
      cell: ({ step, best, last }) => (
        <Group gap={6} wrap="nowrap">
          {step}
          {best && (
            <Badge size="xs" variant="light" color="teal" tt="none" flex="none">
              best
            </Badge>
          )}
          {last && (
            <Badge size="xs" variant="light" color="gray" tt="none" flex="none">
              last
            </Badge>
          )}
          {lastStep !== undefined && step > lastStep && (
            <Badge
              size="xs"
              variant="light"
              color="red"
              tt="none"
              flex="none"
              title="Written while the run was diverging"
            >
              diverged
            </Badge>
          )}
        </Group>
      ),
    },
    { id: 'epoch', title: 'Epoch', align: 'end', cell: ({ epoch }) => formatNumber(epoch, 3) },
    ...measures,
    {
      id: 'bytes',
      title: 'On disk',
      align: 'end',
      value: ({ bytes }) => bytes,
      cell: ({ bytes, optimizerBytes }) => (
        <span
          title={
            optimizerBytes > 0
              ? `${formatBytes(optimizerBytes)} of it the optimizer's state`
              : 'Without an optimizer state'
          }
        >
          {formatBytes(bytes)}
        </span>
      ),
    },
    { id: 'when', title: 'Written', align: 'end', cell: ({ createdAt }) => formatWhen(createdAt, Date.now()) },
    {
      id: 'act',
      title: '',
      align: 'end',
      cell: ({ best, last, step }) => (
        <Group gap={6} justify="flex-end" wrap="nowrap">
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Fork from the checkpoint of step ${step}`}
            onClick={() => onFork(step)}
          >
            Fork
          </Button>
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Use the checkpoint of step ${step} as base model`}
            onClick={() => onUse(step)}
          >
            Use as model
          </Button>
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Export the checkpoint of step ${step}`}
            onClick={() => onExport(best ? 'best' : last ? 'last' : step)}
          >
            Export
          </Button>
        </Group>
      ),
    },
  ]
}
