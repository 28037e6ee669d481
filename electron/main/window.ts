import { join } from 'node:path'
import { BrowserWindow, nativeTheme } from 'electron'
import { homePage } from './scheme.ts'

const preload = join(import.meta.dirname, '..', 'preload', 'preload.cjs')

/** The only place that makes windows: each has the same safe preferences. */
export function createWindow(): BrowserWindow {
  const window = new BrowserWindow({
    width: 1360,
    height: 880,
    minWidth: 760,
    minHeight: 520,
    show: false,
    title: 'Attune',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#141517' : '#ffffff',
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      disableBlinkFeatures: 'Auxclick',
      spellcheck: false,
    },
  })
  window.once('ready-to-show', () => window.show())
  // The page keeps its place in its address; runs live in this process and go on meanwhile.
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit') window.webContents.reload()
  })
  void window.loadURL(homePage)
  return window
}
