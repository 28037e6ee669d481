import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone this script belongs to. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const modules = join(root, 'node_modules')

const given = (name) => (process.env[name] ? resolve(process.env[name]) : null)

/**
 * The per-user cache, shared by all clones. Says in plain JS what core/util/paths.ts says in TypeScript, since this
 * runs before there is a Node that reads TypeScript; test/unit/scripts/places.test.ts holds the two together.
 */
export function cacheDir() {
  const chosen = given('ATTUNE_CACHE')
  if (chosen) return chosen
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'Attune')
  if (process.platform === 'win32')
    return join(given('LOCALAPPDATA') ?? join(homedir(), 'AppData', 'Local'), 'Attune', 'Cache')
  return join(given('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'attune')
}

export const nativeDirName = `tf-2.15.1-${process.platform}-${process.arch}-napi8`
export const nativeDir = () => join(cacheDir(), 'native', nativeDirName)
export const starterDir = () => join(cacheDir(), 'starters', 'minilm-l6')
export const samplesDir = () => join(cacheDir(), 'samples')
export const sampleDir = () => join(samplesDir(), 'spam-assassin')
