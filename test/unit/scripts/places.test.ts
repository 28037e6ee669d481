import { afterEach, expect, test, vi } from 'vitest'
import { attuneCache } from '../../../core/util/paths.ts'
import { cacheDir } from '../../../scripts/setup/places.mjs'

afterEach(() => vi.unstubAllEnvs())

test.each([
  { ATTUNE_CACHE: '', XDG_CACHE_HOME: '' },
  { ATTUNE_CACHE: '', XDG_CACHE_HOME: '/data/caches' },
  { ATTUNE_CACHE: 'relative/cache', XDG_CACHE_HOME: '/data/caches' },
])('set-up and the app mean the same cache with %o', (environment) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  expect(cacheDir()).toBe(attuneCache())
})
