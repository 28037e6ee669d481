/** Names of all messages between a window's preload script and the main process. There are no others. */
export const channels = {
  /** Page → main: the page is there and wants its end of a message port. Answered by `port`. */
  ready: 'attune:ready',
  /** Main → page: carries one MessagePort, over which all calls and pushes go (core/host/doors/port.ts). */
  port: 'attune:port',
  /** Page → main → page: the desktop's own abilities. */
  openFile: 'attune:open-file',
  openFolder: 'attune:open-folder',
  fileHandle: 'attune:file-handle',
  showItem: 'attune:show-item',
} as const

/** A file or folder that a person chose. The page gets a handle and a name, never a path. */
export interface OpenedFile {
  readonly handle: string
  readonly fileName: string
}
