import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * Who may speak to the loopback door. The launch token stands in the printed address's fragment, which browsers never
 * send; the page hands it over once by POST and gets the cookie that authenticates from then on. Both are 256 random
 * bits and die with the process. The token stays valid so that the printed address can be opened again.
 */
export interface Session {
  readonly token: string
  readonly cookie: string
  isToken(candidate: unknown): boolean
  isCookie(candidate: string | undefined): boolean
}

export function createSession(): Session {
  const token = secret()
  const cookie = secret()
  return {
    token,
    cookie,
    isToken: (candidate) => typeof candidate === 'string' && same(candidate, token),
    isCookie: (candidate) => candidate !== undefined && same(candidate, cookie),
  }
}

/** The port is in the name because cookies do not tell ports apart: two servers on one machine would share a jar. */
export function cookieName(port: number): string {
  return `attune-${port}`
}

function secret(): string {
  return randomBytes(32).toString('base64url')
}

/** Constant time for any two strings: digests have one length whatever was sent. */
function same(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}
