import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { AttuneError } from '../../contract/errors.ts'

/** One built file, as it is answered. */
export interface StaticFile {
  readonly body: Uint8Array<ArrayBuffer>
  readonly type: string
  /** Its name changes with its content, so a browser may keep it for ever. */
  readonly immutable: boolean
}

/** By URL path ("/assets/app-1a2b3c4d.js"); index.html also answers "/". */
export type StaticFiles = ReadonlyMap<string, StaticFile>

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

/** A bundler's content hash before the extension. */
const hashed = /^\/assets\/.*[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/

/**
 * Reads the built pages once. Requests are then looked up, never joined to a path, so no name of any shape can leave
 * the folder; links are left out for the same reason. A build that runs meanwhile cannot mix two versions.
 */
export function readStaticFiles(dir: string): StaticFiles {
  const files = new Map<string, StaticFile>()
  const walk = (folder: string, url: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path, `${url}${entry.name}/`)
      if (!entry.isFile() || entry.name.endsWith('.map')) continue
      const name = `${url}${entry.name}`
      files.set(name, {
        body: new Uint8Array(readFileSync(path)),
        type: types[extname(name)] ?? 'application/octet-stream',
        immutable: hashed.test(name),
      })
    }
  }
  try {
    walk(dir, '/')
  } catch (cause) {
    throw notBuilt(dir, cause)
  }
  const index = files.get('/index.html')
  if (!index) throw notBuilt(dir)
  files.set('/', index)
  return files
}

function notBuilt(dir: string, cause?: unknown): AttuneError {
  return new AttuneError(
    'not_found',
    `The pages of the app are not in ${dir}. Build them with "npm run build" and try again.`,
    { dir },
    { cause },
  )
}
