import type { Clock } from '../util/clock.ts'

export interface InboxEvents {
  /** Whether what was thrown only means that the database is locked for now. */
  isBusy(thrown: unknown): boolean
  /** Something could not be done, and never will: what comes behind it is dropped. */
  failed(thrown: unknown): void
  /** All that had to wait is done, the first of it a second or more after it came. */
  caughtUp(waitedMs: number): void
}

const worthTellingMs = 1000

/**
 * What a run's thread told, in its order. Another process may hold the database's lock for longer than a person would
 * wait: until it lets go, what came in waits here, and the run goes on.
 */
export class Inbox {
  private readonly clock: Clock
  private readonly events: InboxEvents
  private broken = false
  private waiting: { readonly act: () => void; readonly since: number }[] = []

  constructor(clock: Clock, events: InboxEvents) {
    this.clock = clock
    this.events = events
  }

  /** Does it now, or as soon as all before it is done. */
  put(act: () => void): void {
    if (this.broken) return
    this.waiting.push({ act, since: this.clock.monotonic() })
    if (this.waiting.length === 1) this.drain()
  }

  /** Does what waits, as far as the database lets it. */
  drain(): void {
    const first = this.waiting[0]
    if (first === undefined) return
    for (let next: typeof first | undefined = first; next; next = this.waiting[0]) {
      try {
        next.act()
      } catch (thrown) {
        if (this.events.isBusy(thrown)) return
        this.waiting = []
        this.broken = true
        this.events.failed(thrown)
        return
      }
      this.waiting.shift()
    }
    const waited = this.clock.monotonic() - first.since
    if (waited >= worthTellingMs) this.events.caughtUp(waited)
  }
}
