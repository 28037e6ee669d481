import { Badge, Button, Group } from '@mantine/core'
import type { Checkpoint, Run } from '../../../core/contract/domain.ts'
import { useCall } from '../../client/hooks.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatBytes, formatNumber, formatPercent, formatWhen } from '../../ui/format.ts'
import type { Which } from './export-dialog.tsx'
import classes from './run-detail.module.css'
import { NotYet } from './run-summary.tsx'

export interface RunCheckpointsProps {
  run: Run
  onExport: (which: Which) => void
}

export function RunCheckpoints({ run, onExport }: RunCheckpointsProps) {
  const { data, error, refetch } = useCall('runs.checkpoints', { id: run.id })
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />
  if (!data) return null
  if (data.checkpoints.length === 0) {
    return (
      <NotYet>There is no checkpoint. One is written at each evaluation, every few minutes, and at the end.</NotYet>
    )
  }
  return (
    <div className={classes.padded}>
      <DataTable
        label="Checkpoints"
        rows={data.checkpoints}
        rowKey={(checkpoint) => checkpoint.id}
        columns={columns(onExport, data.checkpoints.find(({ last }) => last)?.step)}
        initialSort={{ column: 'step', descending: true }}
      />
    </div>
  )
}

/** `lastStep`: later checkpoints hold the weights that a run diverged with. */
function columns(onExport: (which: Which) => void, lastStep: number | undefined): Column<Checkpoint>[] {
  const metric = (id: string, title: string, format: (value: number | null) => string): Column<Checkpoint> => ({
    id,
    title,
    align: 'end',
    value: ({ metrics }) => metrics[id] ?? null,
    cell: ({ metrics }) => format(metrics[id] ?? null),
  })
  return [
    {
      id: 'step',
      title: 'Step',
      value: ({ step }) => step,
      cell: ({ step, best, last }) => (
        <Group gap={6}>
          {step}
          {best && (
            <Badge size="xs" variant="light" color="teal" tt="none">
              best
            </Badge>
          )}
          {last && (
            <Badge size="xs" variant="light" color="gray" tt="none">
              last
            </Badge>
          )}
          {lastStep !== undefined && step > lastStep && (
            <Badge size="xs" variant="light" color="red" tt="none" title="Written while the run was diverging">
              diverged
            </Badge>
          )}
        </Group>
      ),
    },
    { id: 'epoch', title: 'Epoch', align: 'end', cell: ({ epoch }) => formatNumber(epoch, 3) },
    metric('eval/loss', 'Validation loss', formatNumber),
    metric('eval/accuracy', 'Accuracy', formatPercent),
    metric('eval/f1', 'F1', formatNumber),
    {
      id: 'bytes',
      title: 'On disk',
      align: 'end',
      value: ({ bytes }) => bytes,
      cell: ({ bytes }) => formatBytes(bytes),
    },
    { id: 'when', title: 'Written', align: 'end', cell: ({ createdAt }) => formatWhen(createdAt, Date.now()) },
    {
      id: 'act',
      title: '',
      align: 'end',
      cell: ({ best, last, step }) =>
        (best || last) && (
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Export the checkpoint of step ${step}`}
            onClick={() => onExport(best ? 'best' : 'last')}
          >
            Export
          </Button>
        ),
    },
  ]
}
