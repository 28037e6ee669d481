import type { Reply } from '../../../core/contract/dispatch.ts'
import { AttuneError } from '../../../core/contract/errors.ts'
import type { Subscribe } from '../../../core/contract/events.ts'
import type { Call } from '../../../core/contract/methods.ts'
import type { Client, Desktop } from '../client.ts'
import { createConnection } from '../connection.ts'
import { unwrap } from '../reply.ts'

/** What the preload script exposes as `window.attune`. */
export interface Bridge extends Desktop {
  call(method: string, input: unknown): Promise<Reply>
  subscribe: Subscribe
  /** A handle for a file that was dropped on the window. */
  fileHandle(file: File): Promise<string>
}

declare global {
  interface Window {
    attune?: Bridge
  }
}

/** Electron: the message port behind the sandboxed preload. Files stay where they are; only handles travel. */
export function portClient(bridge: Bridge): Client {
  const call = async (method: string, input: unknown) => unwrap(await bridge.call(method, input))
  return {
    call: call as Call,
    subscribe: (listener) => bridge.subscribe(listener),
    async upload(file, onProgress) {
      const handle = await bridge.fileHandle(file)
      onProgress?.(1)
      return handle
    },
    async uploadFolder() {
      throw new AttuneError('unsupported', 'In the desktop window, choose the folder with the button.')
    },
    desktop: {
      openFile: () => bridge.openFile(),
      openFolder: () => bridge.openFolder(),
      showItem: (path) => bridge.showItem(path),
    },
    connected: createConnection('open'),
  }
}
