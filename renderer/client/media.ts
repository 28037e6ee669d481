import { useEffect, useState } from 'react'
import type { Input } from '../../core/contract/methods.ts'
import { useCall } from './hooks.ts'

const graceMs = 2000

/**
 * The address of a row's picture or clip, or of what shows it; null while it is on the way, and where it cannot be shown.
 * It is fetched once and held while it is on the page.
 */
export function useMedia(dataset: string, row: number, as: NonNullable<Input<'datasets.media'>['as']>): string | null {
  const { data } = useCall(
    'datasets.media',
    { id: dataset, row, as },
    { staleTime: Number.POSITIVE_INFINITY, gcTime: 60_000, retry: false },
  )
  const [address, setAddress] = useState<string | null>(null)
  useEffect(() => {
    if (!data) return
    const bytes = Uint8Array.from(atob(data.base64), (letter) => letter.charCodeAt(0))
    const made = URL.createObjectURL(new Blob([bytes], { type: data.mime }))
    setAddress(made)
    return () => {
      // What was just beginning to load it, as it goes from the page, would else complain.
      setTimeout(() => URL.revokeObjectURL(made), graceMs)
      setAddress(null)
    }
  }, [data])
  return address
}
