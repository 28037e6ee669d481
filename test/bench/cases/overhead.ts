import { warmUp } from '../bench.ts'
import type { CommandRun } from '../home.ts'
import { runPart } from '../parts/parts.ts'
import { percent } from '../report.ts'
import { type Measure, summarise } from '../statistics.ts'
import { inTurn } from '../turns.ts'
import type { Case } from './case.ts'
import { mailSettings, mostSteps } from './mails.ts'

/** What worker, recorder, events and batch building add to a step: a run by the command, then its steps by themselves. */
export const overheadCase: Case = {
  name: 'overhead',
  about: 'a step inside a run by the command beside the same step of the bare engine',
  async *run(bench) {
    const home = await bench.home()
    const { threads } = bench
    const steps = Math.min(bench.stepsOr(60), mostSteps - warmUp)
    let last: CommandRun | null = null
    const command = async (): Promise<Measure> => {
      bench.say('overhead, command …')
      last = await home.train(mailSettings('full', 'fp32', warmUp + steps), threads, warmUp)
      return last
    }
    const bare = async (): Promise<Measure> => {
      bench.say('overhead, bare engine …')
      const { config } = (last as CommandRun).run
      const { modelDir, datasetDir, labels } = home
      return runPart('replay', { modelDir, datasetDir, labels, config, precision: 'fp32', threads, steps, warmUp })
    }
    const [inside, alone] = (await inTurn(bench.rounds, [command, bare])).map(summarise) as [
      ReturnType<typeof summarise>,
      ReturnType<typeof summarise>,
    ]
    yield {
      kind: 'figure',
      case: 'overhead',
      what: 'median step inside a run',
      unit: 'ms',
      value: inside.medianMs,
      against: { what: 'the bare engine', value: alone.medianMs },
      comes: percent(inside.medianMs / alone.medianMs - 1),
      reach: '≤ 3 %',
    }
  },
}
