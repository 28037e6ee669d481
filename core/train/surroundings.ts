import type { Emit, Reporter } from './reporter.ts'
import type { Control } from './stop.ts'
import type { Stopwatch } from './stopwatch.ts'

/** What every part of a run tells the outside, and hears from it. */
export interface Surroundings {
  readonly emit: Emit
  readonly reporter: Reporter
  readonly watch: Stopwatch
  readonly control: Control
}
