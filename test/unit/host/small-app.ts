import type { AppEvent } from '../../../core/contract/events.ts'
import { type Handlers, methods } from '../../../core/contract/methods.ts'

/** The least that a door needs: handlers that answer with what they were asked, pushes by hand, handles by count. */
export function smallApp() {
  const calls: { name: string; input: unknown }[] = []
  const listeners = new Set<(event: AppEvent) => void>()
  const registered: { handle: string; path: string; fileName: string | undefined }[] = []
  const handlers = Object.fromEntries(
    Object.keys(methods).map((name) => [
      name,
      (input: unknown) => {
        calls.push({ name, input })
        return { name, input }
      },
    ]),
  ) as unknown as Handlers
  return {
    handlers,
    calls,
    listeners,
    registered,
    subscribe(listener: (event: AppEvent) => void) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    push(event: AppEvent) {
      for (const listener of listeners) listener(event)
    },
    files: {
      register(path: string, fileName?: string) {
        const handle = `handle-${registered.length}`
        registered.push({ handle, path, fileName })
        return handle
      },
    },
  }
}
