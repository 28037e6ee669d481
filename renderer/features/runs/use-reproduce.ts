import { useCallback } from 'react'
import { useLocation } from 'wouter'
import { useAct } from '../../client/hooks.ts'
import { notifyWhile } from '../../ui/undo.tsx'

/** Queues a run once more, which first takes a moment to prove that model and data are what they were, and opens it. */
export function useReproduce(): (id: string) => void {
  const [, navigate] = useLocation()
  const { mutateAsync } = useAct('runs.reproduce', { quiet: true })
  return useCallback(
    (id) => {
      const done = mutateAsync({ id }).then(({ run }) => {
        navigate(`/runs/${run.id}`)
        return 'The same run is queued again. Once it has finished, it says whether it came out equal.'
      })
      notifyWhile('Comparing model and data with what they were…', done)
    },
    [mutateAsync, navigate],
  )
}
