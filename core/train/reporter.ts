import type { LogLine, Phase } from '../contract/domain.ts'
import { systemClock } from '../util/clock.ts'
import type { RunEvent } from '../worker/protocol.ts'

export type Emit = (event: RunEvent) => void

/** A run's events about itself: where it is, and what a person should know. */
export interface Reporter {
  phase(phase: Phase): void
  /** How far the present phase is; told on at most four times a second. */
  progress(done: number, total: number): void
  log(level: LogLine['level'], text: string): void
}

const progressIntervalMs = 250

export function reporterOf(emit: Emit, clock = systemClock): Reporter {
  let present: Phase = 'starting'
  let lastProgress = 0
  return {
    phase(phase) {
      present = phase
      lastProgress = clock.monotonic()
      emit({ kind: 'phase', at: clock.now(), phase })
    },
    progress(done, total) {
      const now = clock.monotonic()
      if (now - lastProgress < progressIntervalMs) return
      lastProgress = now
      emit({ kind: 'phase', at: clock.now(), phase: present, done, total })
    },
    log: (level, text) => emit({ kind: 'log', at: clock.now(), level, text }),
  }
}
