import type { ConnectionState, ConnectionStore } from './client.ts'

export interface WritableConnection extends ConnectionStore {
  set(state: ConnectionState): void
}

export function createConnection(initial: ConnectionState): WritableConnection {
  let state = initial
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    set(next) {
      if (next === state) return
      state = next
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
