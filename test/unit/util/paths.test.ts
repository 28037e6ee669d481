import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { attuneCache, attuneHome, type Place } from '../../../core/util/paths.ts'

const place = (platform: Place['platform'], env: Place['env'] = {}): Place => ({ platform, env, user: resolve('/u') })
const under = (...parts: string[]) => join(resolve('/u'), ...parts)

describe('where data and cache live', () => {
  test('a variable of ours wins on every platform', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const env = { ATTUNE_HOME: '/a/home', ATTUNE_CACHE: '/a/cache', XDG_DATA_HOME: '/x', APPDATA: '/y' }
      expect(attuneHome(place(platform, env))).toBe(resolve('/a/home'))
      expect(attuneCache(place(platform, env))).toBe(resolve('/a/cache'))
    }
  })

  test('the platform folder otherwise', () => {
    expect(attuneHome(place('linux'))).toBe(under('.local', 'share', 'attune'))
    expect(attuneCache(place('linux'))).toBe(under('.cache', 'attune'))
    expect(attuneHome(place('darwin'))).toBe(under('Library', 'Application Support', 'Attune'))
    expect(attuneCache(place('darwin'))).toBe(under('Library', 'Caches', 'Attune'))
    expect(attuneHome(place('win32'))).toBe(under('AppData', 'Roaming', 'Attune'))
    expect(attuneCache(place('win32', { LOCALAPPDATA: '/l' }))).toBe(join(resolve('/l'), 'Attune', 'Cache'))
  })

  test('XDG variables count, empty ones do not', () => {
    expect(attuneHome(place('linux', { XDG_DATA_HOME: '/x/data' }))).toBe(join(resolve('/x/data'), 'attune'))
    expect(attuneHome(place('linux', { XDG_DATA_HOME: '', ATTUNE_HOME: '' }))).toBe(under('.local', 'share', 'attune'))
    expect(attuneCache(place('linux', { XDG_CACHE_HOME: '/x/cache' }))).toBe(join(resolve('/x/cache'), 'attune'))
  })
})
