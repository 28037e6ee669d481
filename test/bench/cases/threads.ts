import { times } from '../report.ts'
import type { StepResult } from '../result.ts'
import { bertShapes } from '../shapes.ts'
import type { Case } from './case.ts'
import { compareShape } from './shapes.ts'

/** How a step shortens with a second thread, on both sides. */
export const threadsCase: Case = {
  name: 'threads',
  about: 'one thread and two, the middle BERT, fp32',
  async *run(bench) {
    const results: StepResult[] = []
    for (const threads of [1, 2]) {
      const result = await compareShape(bench, {
        case: 'threads',
        variant: threads === 1 ? '1 thread' : '2 threads',
        shape: bertShapes.m,
        precision: 'fp32',
        threads,
        steps: bench.stepsOr(30),
        reach: null,
      })
      results.push(result)
      yield result
    }
    const [one, two] = results as [StepResult, StepResult]
    const peerOne = one.peers[0]
    const peerTwo = two.peers[0]
    const speedUp = one.ours.medianMs / two.ours.medianMs
    yield {
      kind: 'figure',
      case: 'threads',
      what: 'speed-up by the second thread',
      unit: '×',
      value: speedUp,
      against: peerOne && peerTwo ? { what: "the peer's", value: peerOne.medianMs / peerTwo.medianMs } : null,
      comes: times(speedUp),
      reach: '',
    }
  },
}
