import { randomBytes } from 'node:crypto'
import { protocol } from 'electron'
import { contentSecurityPolicy, noncePlaceholder } from '../../core/host/content-security-policy.ts'
import type { StaticFiles } from '../../core/host/doors/static-files.ts'

/** The window's pages come by a scheme of our own: no file:// and no network. */
export const scheme = 'attune'
export const origin = `${scheme}://app`
export const homePage = `${origin}/`

/** Must run before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

/** An address is ours when its origin is exactly ours: compared as parsed, never by how it begins. */
export function isOurs(address: string): boolean {
  try {
    const { protocol: itsScheme, host } = new URL(address)
    return `${itsScheme}//${host}` === origin
  } catch {
    return false
  }
}

function refuse(status: number): Response {
  return new Response(null, { status, headers: { 'X-Content-Type-Options': 'nosniff' } })
}

/** Answers from the list of built files by exact name, so that no path of any shape can lead elsewhere. */
export function answer(pages: StaticFiles, request: Pick<Request, 'url' | 'method'>): Response {
  if (request.method !== 'GET') return refuse(405)
  if (!isOurs(request.url)) return refuse(403)
  const file = pages.get(new URL(request.url).pathname)
  if (!file) return refuse(404)
  const isPage = file.type.startsWith('text/html')
  const nonce = isPage ? randomBytes(16).toString('base64') : undefined
  const body =
    nonce === undefined ? file.body : Buffer.from(file.body).toString('utf8').replaceAll(noncePlaceholder, nonce)
  return new Response(body, {
    headers: {
      'Content-Type': file.type,
      'Content-Security-Policy': contentSecurityPolicy(nonce),
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
    },
  })
}

export function servePages(pages: StaticFiles): void {
  protocol.handle(scheme, (request) => answer(pages, request))
}
