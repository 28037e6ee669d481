import { type QueryClient, type UseQueryResult, useQueries, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { isRecorded, type Series, seriesInfos, type XAxis } from '../../../core/contract/domain.ts'
import type { Input, Output } from '../../../core/contract/methods.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { callKey, useClient } from '../../client/hooks.ts'

type SeriesInput = Input<'metrics.series'>
type SeriesOutput = Output<'metrics.series'>

const width = 800

/** What a run of this task records, by name. */
export function recordedOf(task: TaskName): string[] {
  return seriesInfos.filter((info) => isRecorded(info, task)).map(({ name }) => name)
}

/**
 * All curves of some runs, one call a run: a push about one run fetches that run's alone. While new ones are on their
 * way (a changed smoothing, a new point) the old ones stay.
 */
export function useSeries(
  runs: readonly { readonly id: string; readonly task: TaskName }[],
  x: XAxis,
  smoothing: number,
): readonly Series[] {
  const client = useClient()
  const queries = useQueryClient()
  const combine = useCallback(
    (results: UseQueryResult<SeriesOutput>[]) => results.flatMap((result) => result.data?.series ?? []),
    [],
  )
  return useQueries({
    queries: runs.map(({ id, task }) => {
      const input: SeriesInput = { runs: [id], series: recordedOf(task), x, width, smoothing }
      return {
        queryKey: callKey('metrics.series', input),
        queryFn: () => client.call('metrics.series', input),
        // Compared once more when combined, below: a changed curve has a changed point.
        structuralSharing: false,
        placeholderData: () => latest(queries, id, x),
      }
    }),
    combine,
  })
}

/** What was last fetched of this run on this axis, whatever its smoothing. */
function latest(queries: QueryClient, run: string, x: XAxis): SeriesOutput | undefined {
  const fetched = queries.getQueryCache().findAll({
    queryKey: ['metrics.series'],
    predicate: ({ queryKey, state }) => {
      const input = queryKey[1] as SeriesInput
      return state.data !== undefined && input.x === x && input.runs.length === 1 && input.runs[0] === run
    },
  })
  const newest = fetched.sort((one, other) => other.state.dataUpdatedAt - one.state.dataUpdatedAt)[0]
  return newest?.state.data as SeriesOutput | undefined
}
