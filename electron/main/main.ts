import { app, BrowserWindow, dialog, session } from 'electron'
import { createHost, type Host } from '../../core/host/create-host.ts'
import { readStaticFiles } from '../../core/host/doors/static-files.ts'
import { program } from '../../core/host/program.ts'
import { offerDesktop } from './desktop.ts'
import { guardContents, guardSession } from './guards.ts'
import { setMenu } from './menu.ts'
import { handOverPorts } from './ports.ts'
import { mayQuit } from './quit.ts'
import { offerRepair } from './repair.ts'
import { registerScheme, servePages } from './scheme.ts'
import { createWindow } from './window.ts'

/** The life of the desktop app: one instance, one host, windows over it, and an orderly end. */

// TensorFlow reads it when a run's thread loads the library; a thread cannot set it.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'

async function open(): Promise<Host> {
  await app.whenReady()
  guardSession(session.defaultSession)
  servePages(readStaticFiles(program().staticDir))
  const host = await openHost()
  handOverPorts(host.app)
  offerDesktop(host.app.files, host.home)
  setMenu()
  createWindow()
  return host
}

/** A database that does not open may be put right, by the person's choice. */
async function openHost(): Promise<Host> {
  for (;;) {
    try {
      return await createHost()
    } catch (error) {
      if (!(await offerRepair(error))) throw error
    }
  }
}

function showWindow(): void {
  const [window] = BrowserWindow.getAllWindows()
  if (!window) {
    createWindow()
    return
  }
  if (window.isMinimized()) window.restore()
  window.focus()
}

/** What still trains stops after its present step and keeps its weights. */
async function close(host: Host): Promise<void> {
  await host.settle()
  await host.app.close()
}

/** Every way to end comes through here: ask, close the host, then let go. */
function closeBeforeQuit(host: Host): void {
  let closed = false
  app.on('before-quit', (event) => {
    if (closed) return
    event.preventDefault()
    void mayQuit(host.app)
      .then(async (may) => {
        if (!may) return
        closed = true
        await close(host)
        app.quit()
      })
      .catch(fail)
  })
}

function fail(error: unknown): void {
  dialog.showErrorBox('Attune cannot go on', error instanceof Error ? error.message : String(error))
  app.exit(1)
}

app.enableSandbox()
registerScheme()
app.on('web-contents-created', (_event, contents) => guardContents(contents))

if (app.requestSingleInstanceLock()) {
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  open().then((host) => {
    app.on('second-instance', showWindow)
    app.on('activate', showWindow)
    closeBeforeQuit(host)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => void close(host).finally(() => app.exit(0)))
    }
  }, fail)
} else {
  app.quit()
}
