import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** What decides where folders are; given by tests, this process's own otherwise. */
export interface Place {
  readonly platform: NodeJS.Platform
  readonly env: Environment
  /** The user's home folder. */
  readonly user: string
}

function here(): Place {
  return { platform: process.platform, env: process.env, user: homedir() }
}

/** An empty variable counts as unset, as the XDG base directory specification asks. */
function given(env: Environment, name: string): string | null {
  const value = env[name]
  return value === undefined || value === '' ? null : resolve(value)
}

/**
 * The data home: database, datasets, models, runs, exports. ATTUNE_HOME, else the platform's data folder.
 * Absolute; not created here.
 */
export function attuneHome({ platform, env, user }: Place = here()): string {
  const chosen = given(env, 'ATTUNE_HOME')
  if (chosen) return chosen
  if (platform === 'darwin') return join(user, 'Library', 'Application Support', 'Attune')
  if (platform === 'win32') return join(given(env, 'APPDATA') ?? join(user, 'AppData', 'Roaming'), 'Attune')
  return join(given(env, 'XDG_DATA_HOME') ?? join(user, '.local', 'share'), 'attune')
}

/**
 * The cache, shared by all clones of one user: native library, starter models, sample datasets. ATTUNE_CACHE, else
 * the platform's cache folder. Safe to delete: set-up fills it again. scripts/setup.mjs says the same in plain JS.
 */
export function attuneCache({ platform, env, user }: Place = here()): string {
  const chosen = given(env, 'ATTUNE_CACHE')
  if (chosen) return chosen
  if (platform === 'darwin') return join(user, 'Library', 'Caches', 'Attune')
  if (platform === 'win32') return join(given(env, 'LOCALAPPDATA') ?? join(user, 'AppData', 'Local'), 'Attune', 'Cache')
  return join(given(env, 'XDG_CACHE_HOME') ?? join(user, '.cache'), 'attune')
}
