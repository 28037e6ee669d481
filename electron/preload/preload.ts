import { contextBridge, ipcRenderer, webUtils } from 'electron'
import type { Reply } from '../../core/contract/dispatch.ts'
import type { AppEvent, Unsubscribe } from '../../core/contract/events.ts'
import { channels, type OpenedFile } from '../channels.ts'

/**
 * What the page can do, as `window.attune`: call and subscribe over one message port, and a few desktop abilities.
 * Runs sandboxed; built as one CommonJS file. Only named functions and plain values cross to the page.
 */

type FromHost = { readonly id: number; readonly reply: Reply } | { readonly event: AppEvent }

const waiting = new Map<number, (reply: Reply) => void>()
const listeners = new Set<(event: AppEvent) => void>()
let count = 0

/** A reloaded page has a new preload, so one port a life is enough. */
const port = new Promise<MessagePort>((resolve) => {
  ipcRenderer.once(channels.port, (event) => {
    const [own] = event.ports
    if (!own) return
    own.onmessage = ({ data }: MessageEvent<FromHost>) => receive(data)
    resolve(own)
  })
  ipcRenderer.send(channels.ready)
})

function receive(message: FromHost): void {
  if ('event' in message) {
    for (const listener of listeners) listener(message.event)
    return
  }
  waiting.get(message.id)?.(message.reply)
  waiting.delete(message.id)
}

async function call(method: string, input: unknown): Promise<Reply> {
  const id = count++
  const open = await port
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    open.postMessage({ id, method, input })
  })
}

function subscribe(listener: (event: AppEvent) => void): Unsubscribe {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

contextBridge.exposeInMainWorld('attune', {
  call,
  subscribe,
  openFile: (): Promise<OpenedFile | null> => ipcRenderer.invoke(channels.openFile),
  openFolder: (): Promise<OpenedFile | null> => ipcRenderer.invoke(channels.openFolder),
  /** A handle for a file that was dropped on the window: only the preload can tell where it lies. */
  fileHandle: (file: File): Promise<string> => ipcRenderer.invoke(channels.fileHandle, webUtils.getPathForFile(file)),
  /** Shows a file below the exports folder in the system's file manager. */
  showItem: (path: string): Promise<void> => ipcRenderer.invoke(channels.showItem, path),
})
