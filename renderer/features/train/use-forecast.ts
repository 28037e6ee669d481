import { useDebouncedValue } from '@mantine/hooks'
import { type QueryFunctionContext, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { AttuneError } from '../../../core/contract/errors.ts'
import type { Input, Output } from '../../../core/contract/methods.ts'
import type { Preflight } from '../../../core/contract/preflight.ts'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { useClient } from '../../client/hooks.ts'
import { type Progress, useProgress } from '../../client/progress.ts'

/** What a draft will need on this machine, as far as that is known by now. */
export interface Forecast {
  /** Of this draft; of the one before it while its own is still being worked out. */
  readonly preflight: Preflight | null
  /** Whether it is this very draft's. */
  readonly current: boolean
  /** What is under way. */
  readonly busy: 'waiting' | 'working' | 'measuring' | null
  readonly progress: Progress | null
  readonly error: AttuneError | null
  /** Makes it once more: what there is of memory and disk changes. */
  again(): void
  /** Tries steps out, which takes some seconds and the run's memory. */
  measure(): void
  cancelMeasuring(): void
}

/** A draft is worked out once it has not changed for so long: that takes a second of one core. */
const settleMs = 600

/**
 * The forecast of a draft, worked out by itself; null stands for a draft that cannot be a run yet. Whatever is under way
 * for an earlier draft is ended when there is a newer one.
 */
export function useForecast(config: RunConfigInput | null): Forecast {
  const wanted = keyOf(config)
  const [settled] = useDebouncedValue(wanted, settleMs)
  const queries = useQueryClient()
  const worked = usePreflight(settled, false)
  const measured = usePreflight(settled, true)
  const [known, setKnown] = useState<Preflight | null>(null)
  const found = (settled === null ? null : (measured.data ?? worked.data))?.preflight ?? null
  if (found !== null && found !== known) setKnown(found)

  const waiting = wanted !== settled
  const failed = measured.isError && !measured.isFetching ? measured : worked
  return {
    preflight: found ?? known,
    current: !waiting && found !== null,
    busy: waiting ? 'waiting' : measured.isFetching ? 'measuring' : worked.isFetching ? 'working' : null,
    progress: useProgress(measured.isFetching ? measured.task : worked.task),
    error: waiting || failed.isFetching ? null : failed.error,
    again: () => {
      // What was measured before then does not stand before what is worked out now.
      if (failed === worked) void queries.resetQueries({ queryKey: queryKeyOf(settled, true) })
      void failed.refetch()
    },
    measure: () => void measured.refetch(),
    cancelMeasuring: () => void queries.cancelQueries({ queryKey: queryKeyOf(settled, true) }),
  }
}

/** What a forecast depends on, as text: not the run's name. */
function keyOf(config: RunConfigInput | null): string | null {
  if (config === null) return null
  const { name: _, ...rest } = config
  return JSON.stringify(rest)
}

function queryKeyOf(settled: string | null, measure: boolean) {
  return ['runs.preflight', { settled, measure }] as const
}

/** One way of knowing it. To work it out begins by itself; to measure it waits for `refetch`. */
function usePreflight(settled: string | null, measure: boolean) {
  const client = useClient()
  const [task, setTask] = useState<string | null>(null)
  const foresee = ({ signal }: QueryFunctionContext) => {
    const id = crypto.randomUUID()
    setTask(id)
    signal.addEventListener('abort', () => void client.call('runs.cancelPreflight', { task: id }).catch(() => {}))
    const config = JSON.parse(settled ?? '') as Input<'runs.preflight'>['config']
    return client.call('runs.preflight', { config, measure, task: id })
  }
  const query = useQuery<Output<'runs.preflight'>, AttuneError>({
    queryKey: queryKeyOf(settled, measure),
    queryFn: foresee,
    enabled: settled !== null && !measure,
    // What is wrong with the settings stays wrong: another try is the person's to ask for.
    retry: false,
  })
  return { ...query, task }
}
