import { useRef, useState } from 'react'
import type { Model, ModelSource } from '../../../core/contract/domain.ts'
import { useAct, useClient } from '../../client/hooks.ts'
import { type Progress, useProgress } from '../../client/progress.ts'
import { folderProblem, neededFiles } from './folder.ts'

export interface AddModel {
  /** What is under way, as a word for the person; null when nothing is. */
  readonly busy: string | null
  /** 0 to 1; null where it is not known. */
  readonly share: number | null
  readonly error: unknown
  addFiles(files: readonly File[]): void
  addStarter(name: string, title: string): void
  /** "ORG/NAME" or "ORG/NAME@REVISION". */
  addFromHub(model: string): void
  /** The desktop shell's own folder dialog. */
  openDialog(): void
  /** What is under way comes to nothing; a model that is added all the same is removed again. */
  cancel(): void
}

export function useAddModel(onAdded: (model: Model) => void): AddModel {
  const client = useClient()
  const [upload, setUpload] = useState<{ name: string; share: number } | null>(null)
  const [task, setTask] = useState<string | null>(null)
  const [error, setError] = useState<unknown>(null)
  const attempt = useRef(0)
  const act = useAct('models.add', { quiet: true })
  const progress = useProgress(task)

  const add = async (mine: number, of: string, input: { source: ModelSource; name?: string }) => {
    setTask(of)
    const { model } = await act.mutateAsync(input)
    if (mine === attempt.current) onAdded(model)
    else await client.call('models.delete', { id: model.id })
  }

  const attemptTo = async (work: (mine: number) => Promise<void>) => {
    attempt.current += 1
    const mine = attempt.current
    setError(null)
    try {
      await work(mine)
    } catch (thrown) {
      if (mine === attempt.current) setError(thrown)
    }
    if (mine !== attempt.current) return
    setUpload(null)
    setTask(null)
  }

  return {
    busy: upload ? `Reading ${upload.name}` : task === null ? null : (progress?.label ?? 'Adding the model'),
    share: upload ? upload.share : shareOf(progress),
    error,
    addFiles: (files) =>
      void attemptTo(async (mine) => {
        const problem = folderProblem(files.map(({ name }) => name))
        if (problem !== null) throw new Error(problem)
        const name = files[0]?.webkitRelativePath.split('/')[0] || 'the folder'
        setUpload({ name, share: 0 })
        const handle = await client.uploadFolder(neededFiles(files), (share) => {
          if (mine === attempt.current) setUpload({ name, share })
        })
        if (mine !== attempt.current) return
        setUpload(null)
        await add(mine, handle, { source: { kind: 'file', handle } })
      }),
    addStarter: (name, title) =>
      void attemptTo((mine) => add(mine, name, { source: { kind: 'sample', name }, name: title })),
    addFromHub: (model) =>
      void attemptTo((mine) => {
        const own = crypto.randomUUID()
        return add(mine, own, { source: { kind: 'hub', model, task: own } })
      }),
    openDialog: () =>
      void attemptTo(async (mine) => {
        const opened = await client.desktop?.openFolder()
        if (opened && mine === attempt.current) {
          await add(mine, opened.handle, { source: { kind: 'file', handle: opened.handle } })
        }
      }),
    cancel: () => {
      attempt.current += 1
      // A download is asked for under this name; other ways to add a model know of no such call.
      if (task !== null) void client.call('models.cancel', { task })
      setUpload(null)
      setTask(null)
      setError(null)
    },
  }
}

function shareOf(progress: Progress | null): number | null {
  return progress?.total ? progress.done / progress.total : null
}
