import { useCallback, useRef, useState } from 'react'
import type { AppInfo, Source } from '../../../core/contract/domain.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { useClient } from '../../client/hooks.ts'

type Stage =
  | { at: 'choose' }
  | { at: 'uploading'; fileName: string; share: number }
  /** `task` is what progress of the import is announced under, `aim` what the data is for, where that is known. */
  | { at: 'preview'; fileName: string; source: Source; task: string; aim?: TaskName }

export interface ImportFlow {
  readonly stage: Stage
  readonly error: unknown
  takeFile(file: File): void
  takeSample(sample: AppInfo['samples'][number]): void
  /** The desktop shell's own file dialog. */
  openDialog(): void
  /** Back to the beginning; an upload that is under way is left unused. */
  reset(): void
}

export function useImport(): ImportFlow {
  const client = useClient()
  const [stage, setStage] = useState<Stage>({ at: 'choose' })
  const [error, setError] = useState<unknown>(null)
  // Grows with every choice: what an earlier one still reports is not listened to.
  const attempt = useRef(0)

  const begin = useCallback((next: Stage) => {
    attempt.current += 1
    setError(null)
    setStage(next)
    return attempt.current
  }, [])

  const fail = (mine: number, thrown: unknown) => {
    if (mine !== attempt.current) return
    setError(thrown)
    setStage({ at: 'choose' })
  }

  const fromHandle = (fileName: string, handle: string): Stage => ({
    at: 'preview',
    fileName,
    source: { kind: 'file', handle },
    task: handle,
  })

  return {
    stage,
    error,
    async takeFile(file) {
      const mine = begin({ at: 'uploading', fileName: file.name, share: 0 })
      try {
        const handle = await client.upload(file, (share) => {
          if (mine === attempt.current) setStage({ at: 'uploading', fileName: file.name, share })
        })
        if (mine === attempt.current) setStage(fromHandle(file.name, handle))
      } catch (thrown) {
        fail(mine, thrown)
      }
    },
    async openDialog() {
      const mine = begin({ at: 'choose' })
      try {
        const opened = await client.desktop?.openFile()
        if (opened && mine === attempt.current) setStage(fromHandle(opened.fileName, opened.handle))
      } catch (thrown) {
        fail(mine, thrown)
      }
    },
    takeSample({ name, title, task }) {
      begin({ at: 'preview', fileName: title, source: { kind: 'sample', name }, task: name, aim: task })
    },
    reset: useCallback(() => {
      begin({ at: 'choose' })
    }, [begin]),
  }
}
