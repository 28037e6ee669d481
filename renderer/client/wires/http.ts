import type { Reply } from '../../../core/contract/dispatch.ts'
import { AttuneError } from '../../../core/contract/errors.ts'
import { appEventSchema } from '../../../core/contract/events.ts'
import type { Call } from '../../../core/contract/methods.ts'
import type { Client, Listener, OnProgress } from '../client.ts'
import { createConnection, type WritableConnection } from '../connection.ts'
import { unreachable, unwrap } from '../reply.ts'

/** A custom header makes every unsafe request a non-simple one, so that no foreign page can send it. */
const csrf = { 'X-Attune': '1' }

/**
 * The browser's wire: loopback HTTP for calls, server-sent events for pushes.
 * The launch token comes in the address's fragment, is exchanged for a cookie at once and leaves the address bar.
 */
export function httpClient(): Client {
  const connected = createConnection('connecting')
  const session = openSession(connected)

  const call = async (method: string, input: unknown) => {
    await session
    const response = await fetch(`/api/${method}`, {
      method: 'POST',
      headers: { ...csrf, 'Content-Type': 'application/json' },
      body: JSON.stringify(input),
    }).catch((cause: unknown) => {
      throw unreachable(cause)
    })
    refuseOn401(response.status, connected)
    return unwrap(await replyOf(response))
  }
  // An event source does not tell why it was closed; a call learns whether this page is still known.
  const ask = () => call('models.list', {}).catch(() => {})
  const events = openEvents(session, connected, ask)

  const upload = async (file: File, onProgress?: OnProgress): Promise<string> => {
    await session
    return sendFile(`/api/files?name=${encodeURIComponent(file.name)}`, file, connected, onProgress)
  }

  return {
    call: call as Call,
    subscribe: events.subscribe,
    upload,
    async uploadFolder(files, onProgress) {
      await session
      const total = files.reduce((sum, file) => sum + file.size, 0) || 1
      let before = 0
      let folder = ''
      for (const file of files) {
        const query = new URLSearchParams({ name: file.webkitRelativePath || file.name, folder })
        const done = before
        folder = await sendFile(`/api/files?${query}`, file, connected, (share) =>
          onProgress?.((done + share * file.size) / total),
        )
        before += file.size
      }
      return folder
    },
    desktop: null,
    connected,
  }
}

async function openSession(connected: WritableConnection): Promise<void> {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1]
  if (token === undefined) return
  history.replaceState(null, '', `${location.pathname}#/runs`)
  window.dispatchEvent(new HashChangeEvent('hashchange'))
  const response = await fetch('/api/session', {
    method: 'POST',
    headers: { ...csrf, 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  }).catch(() => null)
  // A used token is no failure when the cookie of its first use is still good: the calls that follow will tell.
  if (response === null) connected.set('lost')
}

function refuseOn401(status: number, connected: WritableConnection): void {
  if (status !== 401) return
  connected.set('refused')
  throw new AttuneError('unauthorized', 'This page is not known to the running Attune. Start it again for an address.')
}

async function replyOf(response: Response): Promise<Reply> {
  const body: unknown = await response.json().catch(() => null)
  if (typeof body === 'object' && body !== null && 'ok' in body) return body as Reply
  throw new AttuneError('internal', `Attune answered ${response.status} without saying why. Its log may tell more.`)
}

/** XMLHttpRequest, since fetch cannot tell how far an upload is. */
function sendFile(url: string, file: File, connected: WritableConnection, onProgress?: OnProgress): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', url)
    request.setRequestHeader('X-Attune', '1')
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.upload.onprogress = (event) => onProgress?.(event.total > 0 ? event.loaded / event.total : 0)
    request.onerror = () => reject(unreachable())
    request.onload = () => {
      try {
        refuseOn401(request.status, connected)
        resolve(handleIn(request.responseText))
      } catch (error) {
        reject(error)
      }
    }
    request.send(file)
  })
}

/** `{handle}`, or the same inside a reply. */
function handleIn(text: string): string {
  const body = JSON.parse(text) as Reply | { handle: string }
  const value = 'ok' in body ? unwrap(body) : body
  return (value as { handle: string }).handle
}

const firstRetryMs = 500
const slowestRetryMs = 5000

/**
 * One EventSource for all listeners, opened with the first and closed with the last. The browser's own reconnect gives
 * up on an HTTP error, so a closed source is opened again here, ever more slowly.
 */
function openEvents(session: Promise<void>, connected: WritableConnection, ask: () => Promise<unknown>) {
  const listeners = new Set<Listener>()
  let source: EventSource | null = null
  let retryMs = firstRetryMs
  let timer: ReturnType<typeof setTimeout> | undefined

  const open = async () => {
    await session
    if (listeners.size === 0 || source !== null || connected.get() === 'refused') return
    source = new EventSource('/api/events')
    source.onopen = () => {
      retryMs = firstRetryMs
      connected.set('open')
    }
    source.onmessage = (message) => {
      const parsed = appEventSchema.safeParse(JSON.parse(String(message.data)))
      if (parsed.success) for (const listener of listeners) listener(parsed.data)
    }
    source.onerror = () => {
      if (connected.get() !== 'refused') connected.set('lost')
      if (source?.readyState !== EventSource.CLOSED) return
      source = null
      void ask()
      timer = setTimeout(() => void open(), retryMs)
      retryMs = Math.min(retryMs * 2, slowestRetryMs)
    }
  }

  const subscribe = (listener: Listener) => {
    listeners.add(listener)
    void open()
    return () => {
      listeners.delete(listener)
      if (listeners.size > 0) return
      clearTimeout(timer)
      source?.close()
      source = null
    }
  }
  return { subscribe }
}
