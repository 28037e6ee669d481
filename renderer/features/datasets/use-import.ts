import { useCallback, useRef, useState } from 'react'
import type { AppInfo, Source } from '../../../core/contract/domain.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import type { Desktop, OpenedFile } from '../../client/client.ts'
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
  /** All files of a folder: pictures or clips, or a table and what it names. */
  takeFolder(files: readonly File[]): void
  takeSample(sample: AppInfo['samples'][number]): void
  /** The desktop shell's own file dialog. */
  openDialog(): void
  openFolderDialog(): void
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

  const choose = async (ask: (desktop: Desktop) => Promise<OpenedFile | null>) => {
    const mine = begin({ at: 'choose' })
    try {
      const opened = client.desktop && (await ask(client.desktop))
      if (opened && mine === attempt.current) setStage(fromHandle(opened.fileName, opened.handle))
    } catch (thrown) {
      fail(mine, thrown)
    }
  }

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
    async takeFolder(files) {
      const fileName = files[0]?.webkitRelativePath.split('/')[0] || 'the folder'
      const mine = begin({ at: 'uploading', fileName, share: 0 })
      try {
        const handle = await client.uploadFolder(files.filter(isWanted), (share) => {
          if (mine === attempt.current) setStage({ at: 'uploading', fileName, share })
        })
        if (mine === attempt.current) setStage(fromHandle(fileName, handle))
      } catch (thrown) {
        fail(mine, thrown)
      }
    },
    openDialog: () => choose((desktop) => desktop.openFile()),
    openFolderDialog: () => choose((desktop) => desktop.openFolder()),
    takeSample({ name, title, task }) {
      begin({ at: 'preview', fileName: title, source: { kind: 'sample', name }, task: name, aim: task })
    },
    reset: useCallback(() => {
      begin({ at: 'choose' })
    }, [begin]),
  }
}

/** What systems leave in folders is not sent. */
function isWanted({ name }: File): boolean {
  return !name.startsWith('.') && !/^(?:Thumbs\.db|desktop\.ini)$/i.test(name)
}
