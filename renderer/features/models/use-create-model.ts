import { useRef, useState } from 'react'
import type { Model } from '../../../core/contract/domain.ts'
import type { Input } from '../../../core/contract/methods.ts'
import { useAct, useClient } from '../../client/hooks.ts'
import { useProgress } from '../../client/progress.ts'

export interface CreateModel {
  /** What is under way, as a word for the person; null when nothing is. */
  readonly busy: string | null
  /** 0 to 1; null where it is not known. */
  readonly share: number | null
  readonly error: unknown
  create(input: Input<'models.create'>): void
  cancel(): void
}

export function useCreateModel(onCreated: (model: Model) => void): CreateModel {
  const client = useClient()
  const [task, setTask] = useState<string | null>(null)
  const [error, setError] = useState<unknown>(null)
  const present = useRef<string | null>(null)
  const act = useAct('models.create', { quiet: true })
  const progress = useProgress(task)

  const begin = (next: string | null) => {
    present.current = next
    setTask(next)
    setError(null)
  }

  return {
    busy: task === null ? null : (progress?.label ?? 'Making the model'),
    share: progress?.total ? progress.done / progress.total : null,
    error,
    async create(input) {
      const mine = crypto.randomUUID()
      begin(mine)
      try {
        const { model } = await act.mutateAsync({ ...input, task: mine })
        if (present.current === mine) onCreated(model)
        else await client.call('models.delete', { id: model.id })
      } catch (thrown) {
        if (present.current === mine) setError(thrown)
      }
      if (present.current === mine) setTask(null)
    },
    cancel() {
      if (present.current !== null) void client.call('models.cancel', { task: present.current })
      begin(null)
    },
  }
}
