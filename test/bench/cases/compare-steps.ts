import type { Precision } from '../../../core/engine/engine.ts'
import type { Bench } from '../bench.ts'
import { utilisation } from '../flops.ts'
import { type Contender, ratioToFastest, type StepResult } from '../result.ts'
import { type Measure, type Summary, summarise } from '../statistics.ts'
import { inTurn } from '../turns.ts'

export interface StepComparison {
  readonly case: string
  readonly variant?: string
  readonly precision: Precision
  readonly threads: number
  readonly by: StepResult['by']
  readonly reach: number | null
  /** Operations of the model in a step of this side. */
  flops(side: Summary): number
  /** One process of ours, and one of each peer. */
  ours(): Promise<Measure>
  readonly peers: readonly { readonly name: string; run(): Promise<Measure> }[]
}

/** A median so many times the least step, on batches of one size, tells of other work on the machine. */
const restless = 1.5

/** Starts the processes of all sides in turn and puts what they measured side by side. */
export async function compareSteps(bench: Bench, comparison: StepComparison): Promise<StepResult> {
  const { precision, threads, by, reach, variant = '' } = comparison
  const ceiling = await bench.ceiling(precision, threads)
  const sides = [
    { name: 'Attune', run: () => comparison.ours() },
    ...comparison.peers.map(({ name, run }) => ({ name, run: () => run() })),
  ]
  const measured = await inTurn(
    bench.rounds,
    sides.map(({ name, run }) => async () => {
      bench.say(`${[comparison.case, variant, precision, name].filter((word) => word !== '').join(', ')} …`)
      return run()
    }),
  )
  for (const [i, { name }] of sides.entries()) {
    const { medianMs, minMs } = summarise(measured[i] ?? [])
    if (by === 'step' && medianMs > restless * minMs)
      bench.note(`${comparison.case}, ${precision}, ${name}: the steps differ a lot; the machine was not idle.`)
  }
  const [ours, ...peers] = measured.map((measures): Contender => {
    const summary = summarise(measures)
    return { ...summary, utilisation: utilisation(comparison.flops(summary), summaryMs(summary, by), ceiling) }
  })
  return {
    kind: 'steps',
    case: comparison.case,
    variant,
    precision,
    threads,
    ours: ours as Contender,
    peers: peers.map((peer, i) => ({ ...peer, name: sides[i + 1]?.name ?? '' })),
    ratio: ratioToFastest(ours as Contender, peers, by),
    by,
    reach,
  }
}

/** The time of the step that `flops` counts: the median, or the mean where batches differ in length. */
function summaryMs({ medianMs, tokensPerStep, tokensPerSecond }: Summary, by: StepResult['by']): number {
  return by === 'step' ? medianMs : (tokensPerStep / tokensPerSecond) * 1000
}
