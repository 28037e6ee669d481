import { useEffect, useState } from 'react'
import type { AppEvent } from '../../core/contract/events.ts'
import { useClient } from './hooks.ts'

export type Progress = Extract<AppEvent, { type: 'progress' }>

/** How far a long call is, by the handle or id it was made with; null before the first word of it. */
export function useProgress(task: string | null): Progress | null {
  const client = useClient()
  const [progress, setProgress] = useState<Progress | null>(null)
  useEffect(() => {
    setProgress(null)
    if (task === null) return
    return client.subscribe((event) => {
      if (event.type === 'progress' && event.task === task) setProgress(event)
    })
  }, [client, task])
  return progress
}
