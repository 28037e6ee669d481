import type { ErrorPayload } from '../contract/errors.ts'
import type { RunCursor } from '../store/queries/queue.ts'
import type { Context } from './context.ts'

/** How a run ended that could not tell so itself. */
export interface Ending {
  readonly id: string
  readonly state: 'failed' | 'stopped' | 'paused' | 'interrupted'
  readonly error: ErrorPayload | null
}

/** Being stopped is not an error of the run; a full disk is none that would be there again. */
export function endingOf(id: string, error: ErrorPayload): Ending {
  if (error.code === 'stopped') return { id, state: 'stopped', error: null }
  return { id, state: error.code === 'disk_full' ? 'paused' : 'failed', error }
}

/** Endings that are still to be written, as the disk may be full or the database locked for a while. */
export class Endings {
  /** A run ended because the disk was full. */
  wantRoom = false
  private readonly context: Context
  private readonly announce: (cursor: RunCursor) => void
  private unwritten: Ending[] = []

  constructor(context: Context, announce: (cursor: RunCursor) => void) {
    this.context = context
    this.announce = announce
  }

  add(ending: Ending): void {
    if (ending.error?.code === 'disk_full') this.wantRoom = true
    this.unwritten.push(ending)
    this.write()
  }

  /** What cannot be written now is kept: until then the run shows as running, and this process as its owner. */
  write(): void {
    const { store } = this.context
    const endings = this.unwritten
    this.unwritten = []
    for (const ending of endings) {
      try {
        const cursor = store.ballast.withRoom(() => this.record(ending))
        if (cursor) this.announce(cursor)
      } catch {
        this.unwritten.push(ending)
      }
    }
  }

  private record({ id, state, error }: Ending): RunCursor | null {
    const { store, clock } = this.context
    return store.transact(
      () => {
        const at = clock.now()
        if (error) store.logs.add(id, { at, level: 'error', text: error.message })
        return store.queue.end(id, state, at, error)
      },
      { durable: true },
    )
  }
}
