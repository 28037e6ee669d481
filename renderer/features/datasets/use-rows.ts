import { useQueries } from '@tanstack/react-query'
import type { DatasetRow } from '../../../core/contract/domain.ts'
import { callKey, useCall, useClient } from '../../client/hooks.ts'

const pageSize = 100

export interface RowQuery {
  id: string
  label: string | null
  search: string
}

export interface Rows {
  /** Null until the first page is there. */
  readonly total: number | null
  /** Undefined where its page is still on the way. */
  at(index: number): DatasetRow | undefined
  readonly error: unknown
}

/** A window onto the rows that match: pages are fetched as they come into sight and kept. */
export function useRows({ id, label, search }: RowQuery, first: number, last: number): Rows {
  const client = useClient()
  const inputOf = (page: number) => ({
    id,
    offset: page * pageSize,
    limit: pageSize,
    ...(label !== null && { label }),
    ...(search !== '' && { search }),
  })
  const head = useCall('datasets.rows', inputOf(0))
  const total = head.data?.total ?? null
  const from = Math.floor(first / pageSize)
  const to = Math.floor(Math.max(first, Math.min(last, (total ?? 1) - 1)) / pageSize)
  const pages = Array.from({ length: to - from + 1 }, (_, at) => from + at)
  const results = useQueries({
    queries: pages.map((page) => ({
      queryKey: callKey('datasets.rows', inputOf(page)),
      queryFn: () => client.call('datasets.rows', inputOf(page)),
      enabled: page === 0 || total !== null,
    })),
  })
  return {
    total,
    at: (index) => results[Math.floor(index / pageSize) - from]?.data?.rows[index % pageSize],
    error: head.error ?? results.find((result) => result.error)?.error ?? null,
  }
}
