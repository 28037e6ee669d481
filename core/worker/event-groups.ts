import { type Clock, systemClock } from '../util/clock.ts'
import type { RunEvent } from './protocol.ts'

const intervalMs = 250

/** Kinds that a person waits for, or that must be on record before anything else happens. */
const urgent: ReadonlySet<RunEvent['kind']> = new Set(['engine', 'plan', 'checkpoint', 'predictions', 'result'])

/**
 * Collects a run's events into numbered groups, about four a second, in order and without a gap. Training seldom
 * returns to the event loop, so the clock is looked at with every event; a timer sends what is left when it rests.
 */
export class EventGroups {
  private readonly send: (seq: number, events: readonly RunEvent[]) => void
  private readonly clock: Clock
  private waiting: RunEvent[] = []
  private seq = 0
  private sentAt = Number.NEGATIVE_INFINITY
  private phase: string | null = null
  private timer: NodeJS.Timeout | null = null

  constructor(send: (seq: number, events: readonly RunEvent[]) => void, clock: Clock = systemClock) {
    this.send = send
    this.clock = clock
  }

  add(event: RunEvent): void {
    this.waiting.push(event)
    const turns = event.kind === 'phase' && event.phase !== this.phase
    if (event.kind === 'phase') this.phase = event.phase
    if (turns || urgent.has(event.kind) || this.clock.monotonic() - this.sentAt >= intervalMs) this.flush()
    else this.timer ??= setTimeout(() => this.flush(), intervalMs)
  }

  /** Sends what is waiting; nothing is added afterwards. */
  close(): void {
    this.flush()
  }

  private flush(): void {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
    if (this.waiting.length === 0) return
    const events = this.waiting
    this.waiting = []
    this.sentAt = this.clock.monotonic()
    this.send(this.seq++, events)
  }
}
