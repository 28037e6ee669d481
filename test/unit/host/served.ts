import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '../../../core/host/serve.ts'
import { smallApp } from './small-app.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Question {
  readonly method?: string
  readonly path: string
  /** As raw pairs, so that a header can come twice; Host is added when none is given. */
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string | Uint8Array
}

/** A real server on a free port over the small app, with built pages, a secret beside them and a link to it. */
export async function servedSmallApp() {
  const dir = mkdtempSync(join(tmpdir(), 'attune-served-'))
  const staticDir = join(dir, 'pages')
  mkdirSync(join(staticDir, 'assets'), { recursive: true })
  writeFileSync(join(staticDir, 'index.html'), '<meta name="csp-nonce" content="__CSP_NONCE__"><div id="root"></div>')
  writeFileSync(join(staticDir, 'assets', 'app-1a2b3c4d.js'), 'export {}')
  writeFileSync(join(dir, 'secret.txt'), 'secret')
  symlinkSync(join(dir, 'secret.txt'), join(staticDir, 'linked.txt'))
  const app = smallApp()
  const home = join(dir, 'home')
  const served = await serve({ app: app as never, home, staticDir, port: 0 })
  const origin = `http://127.0.0.1:${served.port}`
  const token = new URL(served.url).hash.slice('#token='.length)

  const ask = ({ method = 'GET', path, headers = [], body }: Question): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const withHost = headers.some(([name]) => name.toLowerCase() === 'host')
        ? headers
        : [['Host', `127.0.0.1:${served.port}`] as const, ...headers]
      const length = body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const]
      const asked = request(
        {
          host: '127.0.0.1',
          port: served.port,
          method,
          path,
          headers: [...withHost, ...length].flat(),
          setHost: false,
        },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => {
            text += chunk
          })
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
          answer.on('error', reject)
        },
      )
      asked.on('error', reject)
      asked.end(body)
    })

  /** The headers that our own page sends with an unsafe request. */
  const own = [
    ['Origin', origin],
    ['Sec-Fetch-Site', 'same-origin'],
    ['X-Attune', '1'],
    ['Content-Type', 'application/json'],
  ] as const

  const login = await ask({ method: 'POST', path: '/api/session', headers: own, body: JSON.stringify({ token }) })
  const cookie = ['Cookie', (login.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? ''] as const

  return {
    app,
    ask,
    cookie,
    home,
    login,
    origin,
    own,
    port: served.port,
    staticDir,
    token,
    url: served.url,
    async close() {
      await served.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
