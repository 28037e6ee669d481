import type { Run } from '../contract/domain.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { duration, number, percent } from './format.ts'
import type { WatchEvent } from './watch.ts'

/**
 * One line that says where a run is: "training  step 54/120 (45.0 %)  loss 0.4312  31.2 examples/s  1 min 20 s left".
 * The time left is judged by the steps seen since watching began, so that it adapts to a busy machine.
 */
export function createProgressLine(clock: Clock = systemClock) {
  const values = new Map<string, number>()
  let first: { step: number; at: number } | null = null

  const timeLeft = (run: Run): string | null => {
    const total = run.plan?.totalSteps
    if (total === undefined || run.step === 0 || run.phase !== 'training') return null
    first ??= { step: run.step, at: clock.monotonic() }
    const steps = run.step - first.step
    if (steps < 1) return null
    const secondsPerStep = (clock.monotonic() - first.at) / 1000 / steps
    return `${duration(secondsPerStep * (total - run.step))} left`
  }

  return {
    take(event: WatchEvent): void {
      if (event.event !== 'metrics') return
      for (const [name, value] of Object.entries(event.values)) values.set(name, value)
    },
    text(run: Run): string {
      const named = (label: string, series: string) => {
        const value = values.get(series)
        return value === undefined ? null : `${label} ${number(value)}`
      }
      const rate = values.get('perf/examples_per_second')
      const total = run.plan?.totalSteps
      const parts = [
        run.state === 'running' ? (run.phase ?? 'running') : run.state,
        run.phaseProgress !== null && run.phase !== 'training' ? percent(run.phaseProgress) : null,
        total === undefined ? null : `step ${run.step}/${total} (${percent(run.step / Math.max(1, total))})`,
        named('loss', 'train/loss'),
        named('val. loss', 'eval/loss'),
        named('accuracy', 'eval/accuracy'),
        rate === undefined ? null : `${rate.toFixed(1)} examples/s`,
        timeLeft(run),
      ]
      return parts.filter((part) => part !== null).join('  ')
    },
  }
}
