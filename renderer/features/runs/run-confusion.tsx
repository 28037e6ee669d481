import { Text } from '@mantine/core'
import { keepPreviousData } from '@tanstack/react-query'
import type { Run } from '../../../core/contract/domain.ts'
import { ConfusionMatrix } from '../../charts/confusion-matrix.tsx'
import { useCall } from '../../client/hooks.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import classes from './run-detail.module.css'

/** Which class was taken for which, on the validation rows. */
export function RunConfusion({ run }: { run: Run }) {
  const { data, error } = useCall('runs.confusion', { id: run.id }, { placeholderData: keepPreviousData })
  if (error) return <ErrorPanel error={error} />
  if (!data) return null
  return (
    <div className={classes.padded}>
      {data.confusion ? (
        <>
          <Text fz={13} mb={8}>
            What the best checkpoint took the {run.plan?.evalRows} validation rows for.
          </Text>
          <ConfusionMatrix confusion={data.confusion} label={`Confusion matrix of ${run.name}`} />
        </>
      ) : (
        <EmptyState title="Nothing was predicted yet">Once the run has been evaluated, it shows here.</EmptyState>
      )}
    </div>
  )
}
