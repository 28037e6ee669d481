import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The program itself: where it is installed and which version it is. */
export interface Program {
  /** The folder of its package.json. */
  readonly root: string
  readonly version: string
  /** The built pages. */
  readonly staticDir: string
}

let found: Program | null = null

/** Looked for upwards from this file, since sources and build lie at different depths. */
export function program(): Program {
  found ??= find(import.meta.dirname)
  return found
}

function find(dir: string): Program {
  const file = join(dir, 'package.json')
  if (existsSync(file)) {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string }
    if (name === 'attune' && version) return { root: dir, version, staticDir: join(dir, 'dist', 'renderer') }
  }
  if (dirname(dir) === dir) throw new Error('the package.json of attune is not above this file')
  return find(dirname(dir))
}
