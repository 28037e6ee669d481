import { useMemo } from 'react'
import { useLocation } from 'wouter'
import { useAct, useCall } from '../client/hooks.ts'
import { canFork, canResume } from '../features/runs/resumable.ts'
import { notifyDone } from '../ui/undo.tsx'
import type { Command } from './commands.ts'

/** What the palette can do with the run that is open; nothing where none is. */
export function useRunCommands(): Command[] {
  const [path, navigate] = useLocation()
  const id = /^\/runs\/([^/]+)/.exec(path)?.[1]
  const run = useCall('runs.list', {}).data?.runs.find((one) => one.id === id)
  const { mutate: pause } = useAct('runs.pause')
  const { mutate: resume } = useAct('runs.resume')
  const { mutate: move } = useAct('queue.move')
  const { mutate: reproduce } = useAct('runs.reproduce', {
    onSuccess: ({ run: again }) => {
      navigate(`/runs/${again.id}`)
      notifyDone('The same run is queued again. It says whether it came out equal once it has finished.')
    },
  })
  return useMemo(() => {
    if (!run) return []
    const { state } = run
    const act = (title: string, possible: boolean, doIt: () => void): Command[] =>
      possible ? [{ id: `run ${title}`, group: 'This run', title, detail: run.name, act: doIt }] : []
    return [
      ...act('Pause', state === 'running' && !run.stopRequested, () => pause({ id: run.id })),
      ...act('Resume', canResume(run), () => resume({ id: run.id })),
      ...act('To the front of the queue', state === 'queued', () => move({ id: run.id, to: 'front' })),
      ...act('Repeat with other seeds…', true, () => navigate(`/runs/${run.id}?do=repeat`)),
      ...act('Fork from a checkpoint…', canFork(run), () => navigate(`/new?fork=${run.id}`)),
      ...act('Reproduce', state === 'finished', () => reproduce({ id: run.id })),
      ...act('Its checkpoints and their bytes', true, () => navigate(`/runs/${run.id}?tab=checkpoints`)),
    ]
  }, [run, navigate, pause, resume, move, reproduce])
}

/** Pausing the queue, or letting it go on. */
export function useQueueCommands(): Command[] {
  const queue = useCall('queue.get', {}).data
  const { mutate } = useAct('queue.pause')
  return useMemo(() => {
    if (!queue) return []
    const title = queue.paused ? 'Let the queue go on' : 'Pause the queue'
    return [{ id: title, group: 'Commands', title, act: () => mutate({ paused: !queue.paused }) }]
  }, [queue, mutate])
}
