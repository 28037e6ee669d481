import type { AppEvent, Subscribe } from '../../core/contract/events.ts'
import type { Call } from '../../core/contract/methods.ts'

/** A file or folder that the desktop shell's dialog handed out; the page never learns its path. */
export interface OpenedFile {
  readonly handle: string
  readonly fileName: string
}

/** What only the desktop window can do. */
export interface Desktop {
  /** The system's open dialog; null when it was cancelled. */
  openFile(): Promise<OpenedFile | null>
  openFolder(): Promise<OpenedFile | null>
  /** Shows something below the exports folder in the system's file manager. */
  showItem(path: string): Promise<void>
}

/** 0 to 1. */
export type OnProgress = (share: number) => void

export type ConnectionState =
  | 'connecting'
  | 'open'
  /** The host does not answer; it is tried again. */
  | 'lost'
  /** The host answers, but does not know this page (its launch address was used or it was restarted). */
  | 'refused'

/** Shaped for React's useSyncExternalStore. */
export interface ConnectionStore {
  get(): ConnectionState
  subscribe(listener: () => void): () => void
}

/** All that the renderer knows of the world. One implementation a wire: see wires/. */
export interface Client {
  /** Rejects with AttuneError. */
  readonly call: Call
  readonly subscribe: Subscribe
  /** Hands a file over and resolves to the handle that `datasets.preview` and its like take. */
  upload(file: File, onProgress?: OnProgress): Promise<string>
  /** The same for the files of one folder (names from `webkitRelativePath`). */
  uploadFolder(files: readonly File[], onProgress?: OnProgress): Promise<string>
  /** Null in a browser. */
  readonly desktop: Desktop | null
  readonly connected: ConnectionStore
}

export type Listener = (event: AppEvent) => void
