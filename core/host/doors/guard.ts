import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import type { ErrorCode } from '../../contract/errors.ts'
import { cookieName, type Session } from './session.ts'

export type Bindings = { Bindings: HttpBindings }

const safe = new Set(['GET', 'HEAD'])

/** A refusal in the shape of every other reply. */
export function refusal(status: number, code: ErrorCode, message: string): Response {
  return Response.json({ ok: false, error: { code, message } }, { status })
}

/** On every answer, refusals included. No CORS header exists anywhere: no other origin has business here. */
export function secureHeaders(): MiddlewareHandler<Bindings> {
  return async (c, next) => {
    await next()
    const { headers } = c.res
    headers.set('X-Content-Type-Options', 'nosniff')
    headers.set('Cross-Origin-Opener-Policy', 'same-origin')
    headers.set('Cross-Origin-Resource-Policy', 'same-origin')
    headers.set('Referrer-Policy', 'no-referrer')
    headers.set('X-Frame-Options', 'DENY')
    if (!headers.has('Content-Security-Policy')) {
      headers.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
    }
    if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  }
}

/**
 * Exactly our own names. Without this, a page on a name that its owner re-points to 127.0.0.1 (DNS rebinding) would be
 * same-origin with us. Reads the raw request, as it was before any URL was made of it.
 */
export function hostGuard(port: () => number): MiddlewareHandler<Bindings> {
  return async (c, next) => {
    const { rawHeaders, url } = c.env.incoming
    const hosts = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'host')
    if (!url?.startsWith('/')) return refusal(400, 'bad_request', 'The request must name a path, not a whole address.')
    if (hosts.length !== 1) return refusal(400, 'bad_request', 'The request must have exactly one Host header.')
    const host = hosts[0] ?? ''
    if (host !== `127.0.0.1:${port()}` && host !== `localhost:${port()}`) {
      return refusal(421, 'bad_request', 'This server answers only to 127.0.0.1 and localhost at its own port.')
    }
    return next()
  }
}

/**
 * Only our own page may ask, and only it may change something. A visit from elsewhere (a link in a terminal or a mail)
 * may open the page itself, since that reads and changes nothing; everything the page then asks is same-origin.
 */
export function originGuard(): MiddlewareHandler<Bindings> {
  return async (c, next) => {
    const site = c.req.header('sec-fetch-site') ?? 'none'
    const opensPage =
      c.req.method === 'GET' &&
      c.req.header('sec-fetch-mode') === 'navigate' &&
      c.req.header('sec-fetch-dest') === 'document' &&
      !c.req.path.startsWith('/api/')
    if (site !== 'same-origin' && site !== 'none' && !opensPage) {
      return refusal(403, 'unauthorized', 'Requests from other sites are refused.')
    }
    const origin = c.req.header('origin')
    const foreign = origin !== undefined && origin !== `http://${c.req.header('host')}`
    if (foreign) return refusal(403, 'unauthorized', 'Requests from other origins are refused.')
    if (!safe.has(c.req.method)) {
      if (origin === undefined) return refusal(403, 'unauthorized', 'The request must carry our own Origin header.')
      if (c.req.header('x-attune') !== '1') {
        return refusal(403, 'unauthorized', 'The request must carry the header "X-Attune: 1".')
      }
    }
    return next()
  }
}

/** Everything under /api/ but the exchange of the token itself. */
export function sessionGuard(session: Session, port: () => number): MiddlewareHandler<Bindings> {
  return async (c, next) => {
    if (!session.isCookie(getCookie(c, cookieName(port())))) {
      return refusal(401, 'unauthorized', 'Open the address that Attune printed when it started, with its #token.')
    }
    return next()
  }
}

/** Forms can send three content types across sites without asking first; JSON is none of them. */
export function jsonGuard(): MiddlewareHandler<Bindings> {
  return async (c, next) => {
    const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
    if (type !== 'application/json') {
      return refusal(415, 'bad_request', 'The content type must be application/json.')
    }
    return next()
  }
}
