import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import type { App } from '../app/create-app.ts'
import { AttuneError } from '../contract/errors.ts'
import { httpDoor } from './doors/http.ts'
import { createSession } from './doors/session.ts'
import { readStaticFiles } from './doors/static-files.ts'
import { openUploads } from './doors/uploads.ts'

export interface ServeOptions {
  readonly app: Pick<App, 'handlers' | 'subscribe' | 'files'>
  /** The data home; uploads go below it. */
  readonly home: string
  /** The built pages. */
  readonly staticDir: string
  /** Exactly this port; otherwise the usual one, or any free one when that is taken. 0 takes any. */
  readonly port?: number | undefined
}

export interface Served {
  readonly port: number
  /** What a person opens: with the launch token in its fragment. Never to be logged. */
  readonly url: string
  /** Ends pushes and connections, and deletes this process's uploads. */
  close(): Promise<void>
}

/** Tried first, since a page's own settings (theme, column widths) are kept by a browser per port. */
const usualPort = 7645

/** Serves the app to a browser on this machine: on 127.0.0.1 only, guarded as doors/guard.ts says. */
export async function serve({ app, home, staticDir, port }: ServeOptions): Promise<Served> {
  const pages = readStaticFiles(staticDir)
  const uploads = await openUploads(join(home, 'uploads'))
  const session = createSession()
  const closing = new AbortController()
  let actual = 0
  const door = httpDoor({ app, session, pages, uploads, port: () => actual, closing: closing.signal })
  const server = createServer(
    // A full header in 10 s and a full request (an upload may be gigabytes) in half an hour, or the connection is cut.
    { headersTimeout: 10_000, requestTimeout: 30 * 60_000, maxHeaderSize: 16_384 },
    getRequestListener(door.fetch, { overrideGlobalObjects: false }),
  )
  server.maxConnections = 256
  try {
    actual = await listen(server, port)
  } catch (error) {
    await uploads.close()
    throw error
  }
  return {
    port: actual,
    url: `http://127.0.0.1:${actual}/#token=${session.token}`,
    async close() {
      closing.abort()
      server.close()
      server.closeAllConnections()
      await uploads.close()
    },
  }
}

async function listen(server: HttpServer, wanted: number | undefined): Promise<number> {
  for (const port of wanted === undefined ? [usualPort, 0] : [wanted]) {
    try {
      server.listen({ host: '127.0.0.1', port, exclusive: true })
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EADDRINUSE' && wanted === undefined) continue
      throw refused(wanted ?? port, code, error)
    }
  }
  throw new AttuneError('conflict', 'No port of this machine is free.')
}

function refused(port: number, code: unknown, cause: unknown): unknown {
  if (code === 'EADDRINUSE') {
    return new AttuneError(
      'conflict',
      `Port ${port} is in use by another program. Choose another with --port, or leave it out.`,
      { port },
      { cause },
    )
  }
  if (code === 'EACCES') {
    return new AttuneError('conflict', `Port ${port} needs rights that you do not have. Choose one above 1023.`, {
      port,
    })
  }
  return cause
}
