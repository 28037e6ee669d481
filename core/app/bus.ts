import type { AppEvent, Subscribe } from '../contract/events.ts'
import type { Clock } from '../util/clock.ts'

/** A person sees ten a second as flowing. */
const progressIntervalMs = 100

/** Pushes to whoever listens. */
export interface Bus {
  readonly subscribe: Subscribe
  emit(event: AppEvent): void
  /** A teller of how far a long call is, which keeps most of what it is told to itself. */
  progress(task: string, label: string): (done: number, total: number | null) => void
}

export function createBus(clock: Clock): Bus {
  const listeners = new Set<(event: AppEvent) => void>()
  const emit = (event: AppEvent) => {
    for (const listener of listeners) listener(event)
  }
  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    emit,
    progress(task, label) {
      let last = Number.NEGATIVE_INFINITY
      return (done, total) => {
        const now = clock.monotonic()
        if (now - last < progressIntervalMs && done !== total) return
        last = now
        emit({ type: 'progress', task, label, done, total })
      }
    },
  }
}
