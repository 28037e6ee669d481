import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Session, WebContents } from 'electron'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { App } from '../../core/app/create-app.ts'
import { AttuneError } from '../../core/contract/errors.ts'
import type { AppEvent } from '../../core/contract/events.ts'
import { openStore } from '../../core/store/open.ts'
import { systemClock } from '../../core/util/clock.ts'
import { channels } from '../../electron/channels.ts'
import { offerDesktop, realPathBelow } from '../../electron/main/desktop.ts'
import { guardContents, guardSession } from '../../electron/main/guards.ts'
import { handOverPorts } from '../../electron/main/ports.ts'
import { mayQuit } from '../../electron/main/quit.ts'
import { offerRepair } from '../../electron/main/repair.ts'
import { answer, isOurs, registerScheme } from '../../electron/main/scheme.ts'
import { createWindow } from '../../electron/main/window.ts'
import { BrowserWindow, desktop, FakeContents, FakeSession, heard, invoked } from '../support/electron-double.ts'

vi.mock('electron', () => import('../support/electron-double.ts'))

const page = (contents: FakeContents, frame: unknown = contents.mainFrame) => ({ sender: contents, senderFrame: frame })

describe('windows', () => {
  test('every window has the safe preferences and loads our own page', () => {
    createWindow()
    const window = BrowserWindow.all.at(-1)
    expect(window?.options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      disableBlinkFeatures: 'Auxclick',
    })
    for (const unsafe of [
      'webSecurity',
      'allowRunningInsecureContent',
      'experimentalFeatures',
      'enableBlinkFeatures',
    ]) {
      expect(window?.options.webPreferences).not.toHaveProperty(unsafe)
    }
    expect(window?.options.webPreferences.preload).toMatch(/preload[\\/]preload\.cjs$/)
    expect(window?.loaded).toEqual(['attune://app/'])
  })

  test('a window whose page crashed is loaded again', () => {
    createWindow()
    const contents = BrowserWindow.all.at(-1)?.webContents
    contents?.emit('render-process-gone', {}, { reason: 'crashed' })
    expect(contents?.reloads).toBe(1)
  })

  test('only window.ts makes windows, and nothing leads to the web', async () => {
    const main = join(import.meta.dirname, '../../electron/main')
    for (const file of (await readdir(main)).filter((name) => name !== 'window.ts')) {
      expect(await readFile(join(main, file), 'utf8')).not.toMatch(/new BrowserWindow|https?:\/\/|openExternal/)
    }
  })
})

describe('navigation', () => {
  const contents = new FakeContents()
  guardContents(contents as unknown as WebContents)

  test.each(['will-navigate', 'will-frame-navigate', 'will-redirect'])('%s stays on our pages', (name) => {
    const outcome = (url: string) => {
      const event = { url, preventDefault: vi.fn() }
      contents.emit(name, event)
      return event.preventDefault.mock.calls.length
    }
    expect(outcome('attune://app/#/runs')).toBe(0)
    for (const url of [
      'https://example.org/',
      'file:///etc/passwd',
      'attune://app.example.org/',
      'attune://other/',
      'x',
    ]) {
      expect(outcome(url)).toBe(1)
    }
  })

  test('no new windows, no webviews', () => {
    expect(contents.openHandler?.({ url: 'attune://app/' })).toEqual({ action: 'deny' })
    const event = { preventDefault: vi.fn() }
    contents.emit('will-attach-webview', event)
    expect(event.preventDefault).toHaveBeenCalled()
  })
})

describe('permissions', () => {
  const session = new FakeSession()
  guardSession(session as unknown as Session)
  const requested = (permission: string) => {
    let granted: boolean | undefined
    session.requestPermission?.(null, permission, (may) => {
      granted = may
    })
    return granted
  }

  test('all are denied but writing to the clipboard and notifications', () => {
    for (const permission of ['media', 'geolocation', 'midi', 'openExternal', 'clipboard-read', 'fullscreen', 'hid']) {
      expect(requested(permission)).toBe(false)
      expect(session.checkPermission?.(null, permission)).toBe(false)
    }
    expect(requested('clipboard-sanitized-write')).toBe(true)
    expect(session.checkPermission?.(null, 'notifications')).toBe(true)
    expect(session.checkDevice?.()).toBe(false)
  })

  test('no request leaves our scheme', () => {
    const cancelled = (url: string) => {
      let cancel: boolean | undefined
      session.beforeRequest?.({ url }, (result) => {
        cancel = result.cancel
      })
      return cancel
    }
    for (const url of [
      'https://example.org/',
      'http://127.0.0.1/',
      'ws://localhost/',
      'file:///etc/passwd',
      'ftp://x/',
    ]) {
      expect(cancelled(url)).toBe(true)
    }
    expect(cancelled('attune://app/assets/a.js')).toBe(false)
  })

  test('a download other than one that the page made is stopped', () => {
    const stopped = (url: string) => {
      const event = { preventDefault: vi.fn() }
      session.emit('will-download', event, { getURL: () => url })
      return event.preventDefault.mock.calls.length > 0
    }
    expect(stopped('https://example.org/x.exe')).toBe(true)
    expect(stopped('blob:attune://app/1234')).toBe(false)
  })
})

describe('pages', () => {
  const pages = new Map([
    [
      '/',
      {
        body: new TextEncoder().encode('<style nonce="__CSP_NONCE__">'),
        type: 'text/html; charset=utf-8',
        immutable: false,
      },
    ],
    ['/assets/a.js', { body: new TextEncoder().encode('1'), type: 'text/javascript', immutable: true }],
  ])
  const get = (url: string, method = 'GET') => answer(pages, { url, method })

  test('the page carries the policy and the nonce of this answer', async () => {
    const reply = get('attune://app/')
    const nonce = /nonce="([^"]+)"/.exec(await reply.text())?.[1]
    expect(nonce).not.toBe('__CSP_NONCE__')
    expect(reply.headers.get('content-security-policy')).toContain(`'nonce-${nonce}'`)
    expect(reply.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('only listed files of our origin, only by GET', () => {
    expect(get('attune://app/assets/a.js').status).toBe(200)
    for (const url of [
      'attune://app/../package.json',
      'attune://app/%2e%2e/package.json',
      'attune://app/assets/',
      'attune://app/..%2fx',
    ]) {
      expect(get(url).status).toBe(404)
    }
    expect(get('attune://other/').status).toBe(403)
    expect(get('attune://app/', 'POST').status).toBe(405)
  })

  test('the scheme is standard and secure, and not above the policy', () => {
    registerScheme()
    const [own] = desktop.schemes
    expect(own?.privileges).toMatchObject({ standard: true, secure: true })
    expect(own?.privileges).not.toHaveProperty('bypassCSP')
    expect(isOurs('attune://app.evil/')).toBe(false)
  })
})

describe('the port', () => {
  let announce: ((event: AppEvent) => void) | undefined
  const app = {
    handlers: { 'runs.list': () => ({ runs: [] }) },
    subscribe: (listener: (event: AppEvent) => void) => {
      announce = listener
      return () => undefined
    },
  } as unknown as App
  handOverPorts(app)
  const ready = heard.get(channels.ready)

  test('a page that is ready gets one port, which answers calls and carries pushes', async () => {
    const contents = new FakeContents()
    ready?.(page(contents))
    expect(contents.posted.map(({ channel }) => channel)).toEqual([channels.port])
    const port = contents.posted[0]?.ports[0]
    if (!port) throw new Error('no port arrived')
    port.postMessage({ id: 7, method: 'runs.list', input: {} })
    expect(await once(port, 'message')).toEqual([{ id: 7, reply: { ok: true, value: { runs: [] } } }])
    port.postMessage({ id: 8, method: 'constructor', input: {} })
    expect(await once(port, 'message')).toMatchObject([
      { id: 8, reply: { ok: false, error: { code: 'unknown_method' } } },
    ])
    announce?.({ type: 'datasets' })
    expect(await once(port, 'message')).toEqual([{ event: { type: 'datasets' } }])
    port.close()
  })

  test('a foreign frame gets none', () => {
    const contents = new FakeContents()
    ready?.(page(contents, { url: 'attune://app/' })) // a frame within the page
    ready?.(page(contents, null))
    const elsewhere = new FakeContents()
    elsewhere.mainFrame.url = 'https://example.org/'
    ready?.(page(elsewhere))
    expect([...contents.posted, ...elsewhere.posted]).toEqual([])
  })
})

describe('desktop abilities', () => {
  let home = ''
  const registered: string[] = []
  const files = {
    register: (path: string) => {
      registered.push(path)
      return `h${registered.length}`
    },
  }
  const contents = new FakeContents()
  const ask = async (channel: string, input?: unknown, event = page(contents)) => invoked.get(channel)?.(event, input)

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'attune-shell-'))
    await mkdir(join(home, 'exports', 'run'), { recursive: true })
    await mkdir(join(home, 'exports-not'), { recursive: true })
    await writeFile(join(home, 'secret.txt'), 'x')
    await symlink(join(home, 'secret.txt'), join(home, 'exports', 'link.txt'))
    offerDesktop(files, home)
  })
  afterAll(() => rm(home, { recursive: true, force: true }))

  test('a chosen file becomes a handle and a name, a cancelled dialog null', async () => {
    desktop.chosen = ['/data/mails.csv']
    expect(await ask(channels.openFile)).toEqual({ handle: 'h1', fileName: 'mails.csv' })
    desktop.chosen = []
    expect(await ask(channels.openFolder)).toBeNull()
  })

  test('every request from a foreign frame is refused before its handler', async () => {
    desktop.chosen = ['/data/mails.csv']
    const before = registered.length
    expect(invoked.size).toBe(4)
    for (const channel of invoked.keys()) {
      for (const frame of [{ url: 'attune://app/' }, null]) {
        await expect(ask(channel, '/data/mails.csv', page(contents, frame))).rejects.toThrow('may not')
      }
    }
    expect(registered.length).toBe(before)
  })

  test('malformed input is refused', async () => {
    await expect(ask(channels.openFile, { properties: ['openDirectory'] })).rejects.toThrow('no input')
    for (const input of [undefined, 7, '', 'a\0b', 'x'.repeat(5000), {}]) {
      await expect(ask(channels.showItem, input)).rejects.toThrow('path')
    }
    await expect(ask(channels.fileHandle, 'relative.csv')).rejects.toThrow('absolute')
  })

  test('only what really lies below the exports can be shown', async () => {
    await ask(channels.showItem, join(home, 'exports', 'run'))
    expect(desktop.shownItems).toHaveLength(1)
    for (const outside of [
      'secret.txt',
      'exports/../secret.txt',
      'exports/link.txt',
      'exports-not',
      'exports',
      'exports/none',
    ]) {
      await expect(ask(channels.showItem, `${home}/${outside}`)).rejects.toThrow('exports folder')
    }
    expect(await realPathBelow(home, 'secret.txt')).toBeNull()
    expect(desktop.shownItems).toHaveLength(1)
  })
})

describe('a damaged database', () => {
  async function damagedHome(): Promise<string> {
    const home = await mkdtemp(join(tmpdir(), 'attune-shell-'))
    onTestFinished(() => rm(home, { recursive: true, force: true }))
    const store = openStore(join(home, 'attune.sqlite'), { clock: systemClock })
    await store.backups.make()
    store.close()
    await writeFile(join(home, 'attune.sqlite'), '')
    return home
  }
  const errorOf = (home: string): unknown => {
    try {
      openStore(join(home, 'attune.sqlite'), { clock: systemClock }).close()
      return null
    } catch (error) {
      return error
    }
  }

  test('S08: its backup is offered, and put back when that is wanted', async () => {
    const home = await damagedHome()
    desktop.button = 0
    expect(await offerRepair(errorOf(home))).toBe(false)
    expect((await readFile(join(home, 'attune.sqlite'))).length).toBe(0)
    expect(desktop.asked.at(-1)).toEqual(['Quit', expect.stringMatching(/^Restore the backup of /)])
    desktop.button = 1
    expect(await offerRepair(errorOf(home))).toBe(true)
    expect(errorOf(home)).toBeNull()
    expect((await readdir(home)).filter((name) => name.includes('.damaged-'))).toHaveLength(1)
  })

  test('other errors are not for it', async () => {
    const before = desktop.asked.length
    expect(await offerRepair(new Error('no'))).toBe(false)
    expect(await offerRepair(new AttuneError('bad_file', 'Another file.', { path: '/x' }))).toBe(false)
    expect(desktop.asked.length).toBe(before)
  })
})

describe('quitting', () => {
  const withRuns = (...states: string[]) =>
    ({ handlers: { 'runs.list': () => ({ runs: states.map((state) => ({ state, name: 'A' })) }) } }) as unknown as App

  test('asks only while a run is training', async () => {
    desktop.button = 0
    expect(await mayQuit(withRuns('finished', 'queued'))).toBe(true)
    expect(await mayQuit(withRuns('running'))).toBe(false)
    desktop.button = 1
    expect(await mayQuit(withRuns('running', 'running'))).toBe(true)
  })
})
