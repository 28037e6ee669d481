import { notifications } from '@mantine/notifications'
import {
  type Query,
  type QueryClient,
  type UseMutationOptions,
  type UseMutationResult,
  type UseQueryOptions,
  type UseQueryResult,
  useMutation,
  useQuery,
} from '@tanstack/react-query'
import { createContext, useContext, useSyncExternalStore } from 'react'
import { type AttuneError, toErrorPayload } from '../../core/contract/errors.ts'
import type { Input, MethodName, Output } from '../../core/contract/methods.ts'
import type { Client, ConnectionState } from './client.ts'
import { batchEvents, type CallKey, isStale } from './invalidation.ts'

export const ClientContext = createContext<Client | null>(null)

export function useClient(): Client {
  const client = useContext(ClientContext)
  if (client === null) throw new Error('useClient is called outside ClientContext.')
  return client
}

export function useConnection(): ConnectionState {
  const { connected } = useClient()
  return useSyncExternalStore(connected.subscribe, connected.get)
}

export type CallOptions<M extends MethodName> = Omit<
  UseQueryOptions<Output<M>, AttuneError, Output<M>, [M, Input<M>]>,
  'queryKey' | 'queryFn'
>

/** The key under which a call's result is cached. */
export function callKey<M extends MethodName>(method: M, input: Input<M>): [M, Input<M>] {
  return [method, input]
}

/** A read, cached by `[method, input]` and fetched again when a push says that it changed. */
export function useCall<M extends MethodName>(
  method: M,
  input: Input<M>,
  options?: CallOptions<M>,
): UseQueryResult<Output<M>, AttuneError> {
  const client = useClient()
  return useQuery({ ...options, queryKey: callKey(method, input), queryFn: () => client.call(method, input) })
}

export type ActOptions<M extends MethodName> = Omit<
  UseMutationOptions<Output<M>, AttuneError, Input<M>>,
  'mutationFn'
> & {
  /** True where the screen itself shows the error, beside what caused it. */
  quiet?: boolean
}

/** A write. A failure is shown as a notification unless `quiet`; what it changed is fetched again by the push. */
export function useAct<M extends MethodName>(
  method: M,
  options: ActOptions<M> = {},
): UseMutationResult<Output<M>, AttuneError, Input<M>> {
  const client = useClient()
  const { quiet, ...rest } = options
  return useMutation({
    ...rest,
    mutationFn: (input: Input<M>) => client.call(method, input),
    onError: (...args) => {
      if (!quiet) showError(args[0])
      return rest.onError?.(...args)
    },
  })
}

/** A failure as a notification that stays until it is closed. */
export function showError(thrown: unknown, title?: string): void {
  notifications.show({
    color: 'red',
    autoClose: false,
    message: toErrorPayload(thrown).message,
    ...(title && { title }),
  })
}

/** About four refreshes a second at most, however fast a run reports. */
const refreshEveryMs = 250

/**
 * Lets pushes and reconnects make cached calls stale. Call once at start; returns the undo.
 * A lost push costs nothing: after every reconnect all is fetched again.
 */
export function keepFresh(client: Client, queries: QueryClient): () => void {
  // A fetch that is under way is left to finish and then made again: cancelling it at every push would starve a slow one.
  const waiting = new Set<string>()
  const refreshAfter = async (query: Query) => {
    if (waiting.has(query.queryHash)) return
    waiting.add(query.queryHash)
    await query.promise?.catch(() => {})
    waiting.delete(query.queryHash)
    await queries.invalidateQueries({ queryKey: query.queryKey, exact: true })
  }
  const batch = batchEvents(refreshEveryMs, (events) => {
    const stale = queries
      .getQueryCache()
      .findAll({ predicate: ({ queryKey }) => isStale(queryKey as unknown as CallKey, events) })
    for (const query of stale) {
      if (query.state.fetchStatus === 'fetching') void refreshAfter(query)
      else void queries.invalidateQueries({ queryKey: query.queryKey, exact: true })
    }
  })
  const unsubscribe = client.subscribe((event) => {
    if (event.type !== 'progress') batch.add(event)
  })
  let before = client.connected.get()
  const unwatch = client.connected.subscribe(() => {
    const now = client.connected.get()
    if (now === 'open' && before === 'lost') void queries.invalidateQueries()
    before = now
  })
  return () => {
    unsubscribe()
    unwatch()
    batch.cancel()
  }
}
