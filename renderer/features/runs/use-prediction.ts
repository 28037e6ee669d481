import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { DatasetRow, Prediction, Run } from '../../../core/contract/domain.ts'
import { toErrorPayload } from '../../../core/contract/errors.ts'
import { useClient } from '../../client/hooks.ts'
import { type Progress, useProgress } from '../../client/progress.ts'
import type { Which } from './export-dialog.tsx'

/** A picture or clip to be asked about: of a person's own, or of a row of the run's dataset. */
export type ChosenFile = File | DatasetRow

/** One input, by its parts; `text` is left out where the input is a file alone. */
export interface Question {
  readonly checkpoint: Which
  readonly text?: string
  readonly fields: Readonly<Record<string, string>>
  readonly file: ChosenFile | null
}

/** What a run said to a question. */
export interface Answered {
  readonly question: Question
  readonly labels: readonly string[]
  readonly prediction: Prediction
}

export interface PredictionFlow {
  readonly pending: boolean
  readonly progress: Progress | null
  /** Null where it was cancelled. */
  readonly error: unknown
  readonly answered: Answered | null
  ask(question: Question): void
  cancel(): void
}

/** Puts one question to the weights of a run, its file first handed over. */
export function usePrediction(run: Run): PredictionFlow {
  const client = useClient()
  const [task, setTask] = useState<string | null>(null)
  const act = useMutation({
    async mutationFn({ question, task: mine }: { question: Question; task: string }): Promise<Answered> {
      const { checkpoint, text, fields, file } = question
      const handed = file instanceof File ? await client.upload(file) : file && { row: file.row }
      const { labels, predictions } = await client.call('runs.predict', {
        id: run.id,
        checkpoint,
        ...(text !== undefined && { texts: [text] }),
        ...(Object.keys(fields).length > 0 && { fields: [{ ...fields }] }),
        ...(handed !== null && { files: [handed] }),
        task: mine,
      })
      return { question, labels, prediction: predictions[0] as Prediction }
    },
  })
  return {
    pending: act.isPending,
    progress: useProgress(act.isPending ? task : null),
    error: act.error && toErrorPayload(act.error).code !== 'stopped' ? act.error : null,
    answered: act.data ?? null,
    ask(question) {
      if (act.isPending) return
      const mine = crypto.randomUUID()
      setTask(mine)
      act.mutate({ question, task: mine })
    },
    cancel() {
      if (task !== null) void client.call('runs.cancelPrediction', { task })
    },
  }
}
