import { randomBytes } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { setCookie } from 'hono/cookie'
import type { App } from '../../app/create-app.ts'
import { dispatch } from '../../contract/dispatch.ts'
import { AttuneError, toErrorPayload } from '../../contract/errors.ts'
import { contentSecurityPolicy, noncePlaceholder } from '../content-security-policy.ts'
import { type Bindings, hostGuard, jsonGuard, originGuard, refusal, secureHeaders, sessionGuard } from './guard.ts'
import { pushStream } from './push.ts'
import { cookieName, type Session } from './session.ts'
import type { StaticFiles } from './static-files.ts'
import type { Uploads } from './uploads.ts'

export interface HttpDoor {
  readonly app: Pick<App, 'handlers' | 'subscribe' | 'files'>
  readonly session: Session
  readonly pages: StaticFiles
  readonly uploads: Uploads
  /** Known once the server listens. */
  port(): number
  /** Fires when the server closes: pushes end. */
  readonly closing: AbortSignal
}

const maxBodyBytes = 2 ** 20

/**
 * The app over loopback HTTP:
 * - `GET /…` the built pages, for anyone on this machine: they hold no data.
 * - `POST /api/session` `{token}` → the cookie. Everything else below /api/ needs it.
 * - `POST /api/files?name=…` raw bytes → `{handle}`; with `folder=` (empty) in a new folder, with `folder=<handle>` in
 *   that one, and the handle is the folder's.
 * - `GET /api/events` pushes as server-sent events.
 * - `POST /api/<method>` JSON input → Reply. 200 whenever the call reached the app; other codes are refusals here.
 */
export function httpDoor({ app, session, pages, uploads, port, closing }: HttpDoor): Hono<Bindings> {
  const door = new Hono<Bindings>()
  const small = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => refusal(413, 'bad_request', `A request may have at most ${maxBodyBytes} bytes.`),
  })
  door.use(secureHeaders(), hostGuard(port), originGuard())

  door.post('/api/session', jsonGuard(), small, async (c) => {
    const body = await jsonBody(c)
    const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : undefined
    if (!session.isToken(token)) {
      return refusal(401, 'unauthorized', 'This address is not from the Attune that is running. Use the printed one.')
    }
    setCookie(c, cookieName(port()), session.cookie, { httpOnly: true, sameSite: 'Strict', path: '/api' })
    return c.json({ ok: true, value: {} })
  })

  door.use('/api/*', sessionGuard(session, port))

  const folders = new Map<string, string>()
  door.post('/api/files', async (c) => {
    if (c.req.header('content-type') !== 'application/octet-stream') {
      return refusal(415, 'bad_request', 'The content type of an upload must be application/octet-stream.')
    }
    const { name, folder } = c.req.query()
    if (!name) throw new AttuneError('bad_request', 'The upload has no name: add ?name=… to the address.')
    const bytes = bytesOf(c)
    if (folder === undefined) {
      const handle = app.files.register(await uploads.addFile(name, bytes), name)
      return c.json({ ok: true, value: { handle } })
    }
    if (folder !== '') {
      const path = folders.get(folder)
      if (path === undefined) throw new AttuneError('not_found', 'There is no uploaded folder with this handle.')
      await uploads.addToFolder(path, name, bytes)
      return c.json({ ok: true, value: { handle: folder } })
    }
    const path = await uploads.addFolder()
    await uploads.addToFolder(path, name, bytes)
    const handle = app.files.register(path, name.includes('/') ? name.split('/')[0] : undefined)
    folders.set(handle, path)
    return c.json({ ok: true, value: { handle } })
  })

  door.get('/api/events', (c) =>
    c.body(pushStream(app.subscribe, closing), 200, { 'Content-Type': 'text/event-stream; charset=utf-8' }),
  )

  door.post('/api/:method', jsonGuard(), small, async (c) =>
    c.json(await dispatch(app.handlers, c.req.param('method'), await jsonBody(c))),
  )

  door.get('*', (c) => page(c, pages))

  door.notFound(() => refusal(404, 'not_found', 'There is nothing at this address.'))
  door.onError((error) => {
    const { code, message } = toErrorPayload(error)
    return refusal(statuses[code] ?? 500, code, message)
  })
  return door
}

const statuses: Partial<Record<AttuneError['code'], number>> = {
  bad_request: 400,
  conflict: 409,
  disk_full: 507,
  not_found: 404,
}

async function jsonBody(c: Context): Promise<unknown> {
  try {
    return await c.req.json()
  } catch (cause) {
    throw new AttuneError('bad_request', 'The body of the request is not JSON.', undefined, { cause })
  }
}

function bytesOf(c: Context<Bindings>): { size: number | null; chunks: AsyncIterable<Uint8Array> } {
  const length = c.req.header('content-length')
  return { size: length === undefined ? null : Number(length), chunks: c.req.raw.body ?? empty() }
}

async function* empty(): AsyncGenerator<Uint8Array> {}

/** By exact, undecoded path. index.html is made anew each time, with the nonce of this one response. */
function page(c: Context<Bindings>, pages: StaticFiles): Response | Promise<Response> {
  const path = c.env.incoming.url?.split('?', 1)[0] ?? ''
  const file = pages.get(path)
  if (!file) return c.notFound()
  if (file.type.startsWith('text/html')) {
    const nonce = randomBytes(16).toString('base64')
    const html = Buffer.from(file.body).toString('utf8').replaceAll(noncePlaceholder, nonce)
    return c.body(html, 200, { 'Content-Type': file.type, 'Content-Security-Policy': contentSecurityPolicy(nonce) })
  }
  return c.body(file.body, 200, {
    'Content-Type': file.type,
    'Cache-Control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  })
}
