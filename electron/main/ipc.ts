import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, type WebFrameMain } from 'electron'
import { isOurs } from './scheme.ts'

/** Messages are heard from the main frame of one of our pages only; all others are dropped before any handler. */
function isTrusted(event: IpcMainEvent | IpcMainInvokeEvent): boolean {
  const frame: WebFrameMain | null = event.senderFrame
  return frame !== null && frame === event.sender.mainFrame && isOurs(frame.url)
}

/** Answers a request. `parse` turns what the page sent into what the handler takes, or throws. */
export function handle<Input, Output>(
  channel: string,
  parse: (input: unknown) => Input,
  handler: (input: Input, event: IpcMainInvokeEvent) => Output | Promise<Output>,
): void {
  ipcMain.handle(channel, (event, input: unknown) => {
    if (!isTrusted(event)) throw new Error('This page may not do that.')
    return handler(parse(input), event)
  })
}

/** Hears a message that has no answer. */
export function hear(channel: string, listener: (event: IpcMainEvent) => void): void {
  ipcMain.on(channel, (event) => {
    if (isTrusted(event)) listener(event)
  })
}

export function nothing(input: unknown): undefined {
  if (input !== undefined) throw new Error('This request takes no input.')
}

/** A path: text of a sane length without the byte that ends it early. */
export function path(input: unknown): string {
  if (typeof input !== 'string' || input === '' || input.length > 4096 || input.includes('\0')) {
    throw new Error('This request takes a path.')
  }
  return input
}
