import { realpath } from 'node:fs/promises'
import { basename, isAbsolute, join, sep } from 'node:path'
import { BrowserWindow, dialog, type IpcMainInvokeEvent, type OpenDialogOptions, shell } from 'electron'
import type { App } from '../../core/app/create-app.ts'
import { channels, type OpenedFile } from '../channels.ts'
import { handle, nothing, path } from './ipc.ts'

type Files = Pick<App['files'], 'register'>

const fileOptions: OpenDialogOptions = {
  properties: ['openFile'],
  filters: [
    { name: 'Datasets', extensions: ['csv', 'tsv', 'jsonl', 'ndjson', 'json', 'txt'] },
    { name: 'All files', extensions: ['*'] },
  ],
}
const folderOptions: OpenDialogOptions = { properties: ['openDirectory'] }

async function choose(event: IpcMainInvokeEvent, options: OpenDialogOptions, files: Files): Promise<OpenedFile | null> {
  const window = BrowserWindow.fromWebContents(event.sender)
  const { canceled, filePaths } = await (window
    ? dialog.showOpenDialog(window, options)
    : dialog.showOpenDialog(options))
  const [chosen] = filePaths
  if (canceled || chosen === undefined) return null
  return { handle: files.register(chosen, basename(chosen)), fileName: basename(chosen) }
}

/** Where `wanted` really lies when that is below `folder`, links followed on both sides; else null. */
export async function realPathBelow(folder: string, wanted: string): Promise<string | null> {
  if (!isAbsolute(wanted)) return null
  try {
    const root = await realpath(folder)
    const real = await realpath(wanted)
    return real.startsWith(root + sep) ? real : null
  } catch {
    return null
  }
}

/** The desktop abilities of the page: open dialogs, dropped files, and showing what was exported. */
export function offerDesktop(files: Files, home: string): void {
  handle(channels.openFile, nothing, (_input, event) => choose(event, fileOptions, files))
  handle(channels.openFolder, nothing, (_input, event) => choose(event, folderOptions, files))
  handle(channels.fileHandle, path, (dropped) => {
    if (!isAbsolute(dropped)) throw new Error('A dropped file has an absolute path.')
    return files.register(dropped, basename(dropped))
  })
  handle(channels.showItem, path, async (wanted) => {
    const real = await realPathBelow(join(home, 'exports'), wanted)
    if (real === null) throw new Error('Only what lies in the exports folder can be shown.')
    shell.showItemInFolder(real)
  })
}
