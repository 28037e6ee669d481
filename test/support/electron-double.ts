import { EventEmitter } from 'node:events'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

/**
 * A double of the electron module: it records what the shell asks for and lets a test act as the page. Only what
 * electron/main uses. Message ports are Node's own, so that values really cross.
 */

export class FakeContents extends EventEmitter {
  readonly mainFrame = { url: 'attune://app/' }
  readonly posted: { channel: string; ports: MessagePort[] }[] = []
  openHandler: ((details: { url: string }) => { action: string }) | undefined
  reloads = 0

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler
  }

  postMessage(channel: string, _message: unknown, ports: { port: MessagePort }[]): void {
    this.posted.push({ channel, ports: ports.map(({ port }) => port) })
  }

  reload(): void {
    this.reloads++
  }
}

class FakeWindow extends EventEmitter {
  static readonly all: FakeWindow[] = []
  static getAllWindows = () => FakeWindow.all
  static fromWebContents = (contents: FakeContents) =>
    FakeWindow.all.find((one) => one.webContents === contents) ?? null
  readonly webContents = new FakeContents()
  readonly options: { webPreferences: Record<string, unknown> }
  readonly loaded: string[] = []
  shown = false

  constructor(options: { webPreferences: Record<string, unknown> }) {
    super()
    this.options = options
    FakeWindow.all.push(this)
  }

  async loadURL(url: string): Promise<void> {
    this.loaded.push(url)
  }

  show(): void {
    this.shown = true
  }
}

/** Electron's end of a port: payloads come as `event.data`. */
class FakeMainPort {
  readonly port: MessagePort

  constructor(port: MessagePort) {
    this.port = port
  }

  on(name: 'message' | 'close', listener: (event: { data: unknown }) => void): void {
    if (name === 'message') this.port.on('message', (data: unknown) => listener({ data }))
    else this.port.on('close', () => listener({ data: undefined }))
  }

  start(): void {
    this.port.start()
  }

  postMessage(message: unknown): void {
    this.port.postMessage(message)
  }
}

class FakeChannel {
  readonly port1: FakeMainPort
  readonly port2: FakeMainPort

  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port1 = new FakeMainPort(port1)
    this.port2 = new FakeMainPort(port2)
  }
}

type Invoked = (event: unknown, input: unknown) => unknown

export class FakeSession extends EventEmitter {
  requestPermission: ((contents: unknown, permission: string, callback: (may: boolean) => void) => void) | undefined
  checkPermission: ((contents: unknown, permission: string) => boolean) | undefined
  checkDevice: (() => boolean) | undefined
  shareScreen: ((request: unknown, callback: (streams: object) => void) => void) | undefined
  beforeRequest: ((details: { url: string }, callback: (answer: { cancel: boolean }) => void) => void) | undefined

  readonly webRequest = {
    onBeforeRequest: (listener: NonNullable<FakeSession['beforeRequest']>) => {
      this.beforeRequest = listener
    },
  }

  setPermissionRequestHandler(handler: NonNullable<FakeSession['requestPermission']>): void {
    this.requestPermission = handler
  }

  setPermissionCheckHandler(handler: NonNullable<FakeSession['checkPermission']>): void {
    this.checkPermission = handler
  }

  setDevicePermissionHandler(handler: () => boolean): void {
    this.checkDevice = handler
  }

  setDisplayMediaRequestHandler(handler: NonNullable<FakeSession['shareScreen']>): void {
    this.shareScreen = handler
  }
}

/** What a person does in dialogs, and what the system was asked. */
export const desktop = {
  chosen: [] as string[],
  button: 0,
  /** Buttons of the message boxes that were shown. */
  asked: [] as string[][],
  shownItems: [] as string[],
  schemes: [] as { scheme: string; privileges: Record<string, boolean> }[],
}

export const invoked = new Map<string, Invoked>()
export const heard = new Map<string, (event: unknown) => void>()

export const BrowserWindow = FakeWindow
export const MessageChannelMain = FakeChannel
export const nativeTheme = { shouldUseDarkColors: false }
export const ipcMain = {
  handle: (channel: string, handler: Invoked) => invoked.set(channel, handler),
  on: (channel: string, listener: (event: unknown) => void) => heard.set(channel, listener),
}
export const dialog = {
  showOpenDialog: async () => ({ canceled: desktop.chosen.length === 0, filePaths: desktop.chosen }),
  showMessageBox: async ({ buttons = [] }: { buttons?: string[] }) => {
    desktop.asked.push(buttons)
    return { response: desktop.button }
  },
}
export const shell = { showItemInFolder: (path: string) => desktop.shownItems.push(path) }
export const protocol = {
  registerSchemesAsPrivileged: (schemes: typeof desktop.schemes) => desktop.schemes.push(...schemes),
  handle: () => undefined,
}
