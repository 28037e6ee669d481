import { useSyncExternalStore } from 'react'
import type { BaseLocationHook } from 'wouter'

/**
 * The place in the app is kept in the address's fragment, query included (`#/compare?runs=a,b`), so that it works the
 * same over HTTP and in the desktop window and a link can be copied. Wouter's own hash hook would put the query before
 * the `#`, where it is sent to the server.
 */
export function placeOf(hash: string): { path: string; search: string } {
  const [path = '', ...search] = hash.replace(/^#?\/?/, '').split('?')
  return { path: `/${path}`, search: search.join('?') }
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener)
  window.addEventListener('popstate', listener)
  return () => {
    window.removeEventListener('hashchange', listener)
    window.removeEventListener('popstate', listener)
  }
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const { path, search } = placeOf(to)
  const hash = `#${path}${search && `?${search}`}`
  if (hash === location.hash) return
  history[options.replace ? 'replaceState' : 'pushState'](null, '', hash)
  window.dispatchEvent(new PopStateEvent('popstate'))
}

export const useHashLocation: BaseLocationHook = () => [
  useSyncExternalStore(subscribe, () => placeOf(location.hash).path),
  navigate,
]
useHashLocation.hrefs = (href) => `#${href}`
useHashLocation.searchHook = () => useSyncExternalStore(subscribe, () => placeOf(location.hash).search)
