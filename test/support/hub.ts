import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A hub's protocol over a folder: the API's revision and tree, addresses that lead on to a store, ranges. */
export interface TestHub {
  readonly endpoint: string
  /** "GET path", with the range that was asked for. */
  readonly asked: string[]
  /** What it does wrong; may be changed at any time. */
  readonly faults: {
    /** Ends the connection after so many bytes of the weights, so many times. */
    cut?: { after: number; times: number }
    /** Bytes a file has that the tree does not know of. */
    corrupt?: string
    /** Leaves ranges aside. */
    noRanges?: boolean
    /** Answers with this to everything. */
    status?: number
    /** Waits before each piece of the weights, milliseconds. */
    slow?: number
  }
}

export const commit = '0123456789abcdef0123456789abcdef01234567'
const piece = 1 << 14

/** Serves the files of a folder as org/tiny at revision main; `files` stand in place of some, null for none. */
export async function serveHub(
  folder: string,
  files: Readonly<Record<string, string | Buffer | null>> = {},
): Promise<TestHub> {
  const content = new Map<string, Buffer>()
  for (const name of readdirSync(folder)) content.set(name, readFileSync(join(folder, name)))
  for (const [name, given] of Object.entries(files)) {
    if (given === null) content.delete(name)
    else content.set(name, Buffer.from(given))
  }
  const asked: string[] = []
  const faults: TestHub['faults'] = {}
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    const { range } = request.headers
    asked.push(`${path}${range === undefined ? '' : ` ${range}`}`)
    if (faults.status !== undefined) return end(response, faults.status)
    if (path === '/api/models/org/tiny/revision/main') return json(response, { sha: commit, id: 'org/tiny' })
    if (path.startsWith(`/api/models/org/tiny/tree/${commit}`)) return tree(response, path)
    const file = new RegExp(`^/org/tiny/resolve/${commit}/(.+)$`).exec(path)?.[1]
    if (file !== undefined && content.has(file)) {
      response.writeHead(302, { location: `/store/${file}`, 'x-repo-commit': commit })
      return void response.end()
    }
    const stored = /^\/store\/(.+)$/.exec(path)?.[1]
    if (stored !== undefined) return store(response, stored, range)
    end(response, 404)
  }

  /** Two files a page. */
  function tree(response: ServerResponse, path: string): void {
    const from = Number(/cursor=(\d+)/.exec(path)?.[1] ?? 0)
    const names = [...content.keys()]
    const entries = names.slice(from, from + 2).map((name) => {
      const bytes = content.get(name) as Buffer
      const blob = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
      const oid = createHash('sha256').update(bytes).digest('hex')
      const isLarge = name.endsWith('.safetensors')
      return {
        type: 'file',
        path: name,
        size: bytes.length,
        oid: blob,
        ...(isLarge && { lfs: { oid, size: bytes.length, pointerSize: 130 } }),
      }
    })
    if (from === 0) entries.push({ type: 'directory', path: 'onnx', size: 0, oid: '' } as (typeof entries)[0])
    const more = from + 2 < names.length
    if (more)
      response.setHeader('link', `<${endpoint}/api/models/org/tiny/tree/${commit}?cursor=${from + 2}>; rel="next"`)
    json(response, entries)
  }

  async function store(response: ServerResponse, name: string, range: string | undefined): Promise<void> {
    const whole = Buffer.from(content.get(name) as Buffer)
    if (faults.corrupt === name) whole[whole.length - 1] = (whole[whole.length - 1] as number) ^ 1
    const from = faults.noRanges || range === undefined ? 0 : Number(/^bytes=(\d+)-/.exec(range)?.[1])
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': whole.length - from,
      ...(from > 0 && { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    })
    for (let at = from; at < whole.length; at += piece) {
      const isWeight = name.endsWith('.safetensors')
      if (isWeight && faults.slow) await new Promise((resolve) => setTimeout(resolve, faults.slow))
      if (isWeight && faults.cut && faults.cut.times > 0 && at - from >= faults.cut.after) {
        faults.cut.times--
        response.destroy()
        return
      }
      response.write(whole.subarray(at, at + piece))
    }
    response.end()
  }

  return { endpoint, asked, faults }
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: 'no' }))
}
