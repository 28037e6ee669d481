import type { Session, Values } from '../../../core/engine/engine.ts'
import type { Measure } from '../statistics.ts'

export interface Step {
  readonly program: string
  readonly feeds: Readonly<Record<string, Values>>
  readonly tokens: number
}

/** Times nothing but the session's own work on steps 1, 2, … ; the first `warmUp` ones are not told of. */
export function timedSteps(session: Session, steps: number, warmUp: number, step: (number: number) => Step): Measure {
  const stepMs: number[] = []
  const stepTokens: number[] = []
  for (let number = 1; number <= warmUp + steps; number++) {
    const { program, feeds, tokens } = step(number)
    const begun = performance.now()
    session.run(program, feeds)
    const ms = performance.now() - begun
    if (number <= warmUp) continue
    stepMs.push(ms)
    stepTokens.push(tokens)
  }
  // maxRSS is in kilobytes.
  return { stepMs, stepTokens, peakBytes: process.resourceUsage().maxRSS * 1024 }
}
