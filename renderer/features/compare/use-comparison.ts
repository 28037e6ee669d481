import { useCallback, useEffect, useMemo } from 'react'
import { useLocation, useSearch } from 'wouter'
import { useSelection } from '../../app/selection.ts'
import { type CompareAddress, readAddress, writeAddress } from './address.ts'

export interface ComparisonState {
  readonly address: CompareAddress
  change(change: Partial<CompareAddress>): void
}

/**
 * The address is the state. Which runs are compared is the app's one selection: an address with runs sets it, an
 * address without takes it over.
 */
export function useComparison(): ComparisonState {
  const search = useSearch()
  const [, navigate] = useLocation()
  const address = useMemo(() => readAddress(search), [search])
  const select = useSelection((selection) => selection.select)

  const key = address.runs.join(',')
  useEffect(() => {
    const { selected } = useSelection.getState()
    if (key !== '') {
      if (selected.join(',') !== key) select(key.split(','))
    } else if (selected.length > 1) {
      navigate(writeAddress({ ...readAddress(''), runs: selected }), { replace: true })
    }
  }, [key, select, navigate])

  const change = useCallback(
    (part: Partial<CompareAddress>) => {
      // Other runs are another place to come back to; a filter is not.
      navigate(writeAddress({ ...address, ...part }), { replace: part.runs === undefined })
    },
    [address, navigate],
  )
  return { address, change }
}
