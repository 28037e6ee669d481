import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modules } from './places.mjs'

/**
 * Electron's program, or null when its binary was never fetched. Told by its files: to require the package from plain
 * Node would start a download.
 */
export function electronBinary() {
  const dir = join(modules, 'electron')
  try {
    const { version } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
    const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(dir, 'dist')
    if (readFileSync(join(dist, 'version'), 'utf8').trim().replace(/^v/, '') !== version) return null
    const program = join(dist, readFileSync(join(dir, 'path.txt'), 'utf8').trim())
    return existsSync(program) ? program : null
  } catch {
    return null
  }
}

/** A place where a window can be shown. */
export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}
