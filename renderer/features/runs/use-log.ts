import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { LogLine } from '../../../core/contract/domain.ts'
import type { AttuneError } from '../../../core/contract/errors.ts'
import { useClient } from '../../client/hooks.ts'

const pageSize = 5000

/** The whole log of a run; a refresh fetches only the lines that came since. */
export function useLog(id: string) {
  const client = useClient()
  const queries = useQueryClient()
  const queryKey = ['runs.log', { id }]
  return useQuery<readonly LogLine[], AttuneError>({
    queryKey,
    queryFn: async () => {
      let lines = queries.getQueryData<readonly LogLine[]>(queryKey) ?? []
      for (;;) {
        const page = await client.call('runs.log', { id, after: lines.at(-1)?.seq ?? -1, limit: pageSize })
        if (page.lines.length > 0) lines = [...lines, ...page.lines]
        if (page.lines.length < pageSize) return lines
      }
    },
  })
}
