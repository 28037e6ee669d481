import type { Bench } from '../bench.ts'
import type { Result } from '../result.ts'

/** One thing that the benchmark measures, by its name on the command line. */
export interface Case {
  readonly name: string
  /** One line for --list. */
  readonly about: string
  run(bench: Bench): AsyncIterable<Result>
}
