import type { Context } from './context.ts'

/** While something changes, a backup is at most so old. */
const usualMs = 10 * 60_000
/** And when something was imported, hardly older than that. */
const soonMs = 60_000
const looksEveryMs = 10_000

/** Copies the database now and then, in a thread: whenever a run has ended, and so that no copy is old for long. */
export interface Backups {
  /** Resolves when no copy is being made; none is begun afterwards. */
  close(): Promise<void>
}

export function keepBackups({ store, bus, clock }: Context): Backups {
  let making: Promise<void> | null = null
  let again = false
  let lookedAt = Number.NEGATIVE_INFINITY
  const ended = new Set<string>()

  const make = (leastAgeMs: number): void => {
    lookedAt = clock.monotonic()
    if (making !== null) {
      again ||= leastAgeMs === 0
      return
    }
    if (!store.backups.isDue(leastAgeMs)) return
    making = copy()
  }

  /** A copy that fails is made at the next occasion: what goes on here must not end for it. */
  const copy = async (): Promise<void> => {
    do {
      again = false
      await store.backups.make().catch(() => {})
    } while (again)
    making = null
  }

  const hasJustEnded = (id: string): boolean => {
    if ((store.queue.progress(id)?.draft.endedAt ?? null) === null) {
      ended.delete(id)
      return false
    }
    const isNew = !ended.has(id)
    ended.add(id)
    return isNew
  }

  const unsubscribe = bus.subscribe((event) => {
    if (event.type === 'run' && hasJustEnded(event.id)) make(0)
    else if (event.type === 'datasets' || event.type === 'models') make(soonMs)
    else if (clock.monotonic() - lookedAt >= looksEveryMs) make(usualMs)
  })

  return {
    async close() {
      unsubscribe()
      again = false
      await making
    },
  }
}
