import { Button, Group, Text } from '@mantine/core'
import { ChartSpline } from 'lucide-react'
import { useLocation } from 'wouter'
import { useAct, useCall } from '../../client/hooks.ts'
import { useProgress } from '../../client/progress.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { formatPercent } from '../../ui/format.ts'

/** Before the first run: gets the sample dataset (unless it is there) and opens New run with it. */
export function NoRuns() {
  const [, navigate] = useLocation()
  const info = useCall('app.info', {})
  const listed = useCall('datasets.list', {})
  const sample = info.data?.samples.find(({ available }) => available)
  const datasets = listed.data?.datasets
  const importing = useAct('datasets.import')
  const progress = useProgress(importing.isPending && sample ? sample.name : null)

  const start = async () => {
    if (!sample) return
    const there = datasets?.find(({ name }) => name === sample.title)
    const dataset =
      there ??
      (await importing.mutateAsync({ source: { kind: 'sample', name: sample.name }, name: sample.title })).dataset
    navigate(`/new?dataset=${dataset.id}`)
  }

  // Half of it would flash: without the sample, the first button would be the wrong one.
  if (info.isPending || listed.isPending) return null
  return (
    <EmptyState
      icon={ChartSpline}
      title="No runs yet"
      action={
        <Group gap="xs" justify="center">
          {sample && (
            // A failure is shown by the act itself.
            <Button loading={importing.isPending} onClick={() => void start().catch(() => {})}>
              Start a run with the sample
            </Button>
          )}
          <Button variant="default" onClick={() => navigate('/datasets')}>
            Import my own data
          </Button>
          {progress && (
            <Text fz={12} c="dimmed" w="100%" className="tabular">
              {progress.label}
              {progress.total ? `, ${formatPercent(progress.done / progress.total, 0)}` : ''}
            </Text>
          )}
        </Group>
      }
    >
      A run trains a model on a dataset; its curves are drawn here while it does.
      {sample && ` “${sample.title}” comes with Attune: a first run takes a few minutes.`}
    </EmptyState>
  )
}
