import { warmUp } from '../bench.ts'
import { runPart } from '../parts/parts.ts'
import { percent, times } from '../report.ts'
import { bertShapes } from '../shapes.ts'
import { median, sum } from '../statistics.ts'
import { inTurn } from '../turns.ts'
import type { Case } from './case.ts'

/** What two sessions at work in one process get done together, and whether one of them gets less. */
export const sharedCase: Case = {
  name: 'shared',
  about: 'two sessions at once in one process, each the middle BERT, fp32, beside one alone',
  async *run(bench) {
    const { threads } = bench
    const shape = bertShapes.m
    const steps = bench.stepsOr(40)
    const measure = async (sessions: number) => {
      bench.say(`shared, ${sessions === 1 ? 'one session' : 'two sessions'} …`)
      const spec = { shape, method: 'full', precision: 'fp32', threads, sessions, steps, warmUp } as const
      return (await runPart('shared', spec)).stepsPerSecond
    }
    const [alone = [], both = []] = await inTurn(bench.rounds, [() => measure(1), () => measure(2)])
    const together = median(both.map(sum))
    const single = median(alone.map(sum))
    yield {
      kind: 'figure',
      case: 'shared',
      what: 'two sessions at once, taken together',
      unit: 'steps/s',
      value: together,
      against: { what: 'one alone', value: single },
      comes: times(together / single),
      reach: '',
    }
    const slower = median(both.map((rates) => Math.min(...rates)))
    const faster = median(both.map((rates) => Math.max(...rates)))
    yield {
      kind: 'figure',
      case: 'shared',
      what: 'the slower of the two',
      unit: 'steps/s',
      value: slower,
      against: { what: 'the faster', value: faster },
      comes: percent(slower / faster),
      reach: '',
    }
  },
}
