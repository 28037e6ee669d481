import { useMutation } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { toErrorPayload } from '../../../core/contract/errors.ts'
import { useClient } from '../../client/hooks.ts'
import { type Progress, useProgress } from '../../client/progress.ts'
import { type Answered, Asking, type Question } from './asking.ts'

export interface PredictionFlow {
  readonly pending: boolean
  readonly progress: Progress | null
  /** Null where it was cancelled. */
  readonly error: unknown
  readonly answered: Answered | null
  ask(question: Question): void
  cancel(): void
}

/** Puts one question to the weights of a run; leaving the page cancels it. */
export function usePrediction({ id }: Run): PredictionFlow {
  const client = useClient()
  const asking = useMemo(() => new Asking(client, id), [client, id])
  const [task, setTask] = useState<string | null>(null)
  const present = useRef<AbortController | null>(null)
  const act = useMutation({
    mutationFn: (of: { question: Question; task: string; signal: AbortSignal }) =>
      asking.ask(of.question, of.task, of.signal),
  })
  const cancel = useCallback(() => present.current?.abort(), [])
  useEffect(() => cancel, [cancel])
  return {
    pending: act.isPending,
    progress: useProgress(act.isPending ? task : null),
    error: act.error && toErrorPayload(act.error).code !== 'stopped' ? act.error : null,
    answered: act.data ?? null,
    ask(question) {
      if (act.isPending) return
      const mine = crypto.randomUUID()
      present.current = new AbortController()
      setTask(mine)
      act.mutate({ question, task: mine, signal: present.current.signal })
    },
    cancel,
  }
}
