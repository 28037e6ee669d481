import type { CommandRun } from '../home.ts'
import { percent } from '../report.ts'
import { median } from '../statistics.ts'
import { inTurn } from '../turns.ts'
import type { Case } from './case.ts'
import { mailSettings, mostSteps } from './mails.ts'

/** Checkpoints of the run that writes many; the other one writes a single one. */
const many = 6

/**
 * A checkpoint's cost: two runs of the same steps, one with a checkpoint at its end, one with several. What the second
 * takes longer, from beginning to end, belongs to the checkpoints (and to an evaluation on eight rows before each).
 * By default there is one an epoch.
 */
export const checkpointCase: Case = {
  name: 'checkpoint',
  about: 'what checkpoints cost at the default interval, MiniLM full',
  async *run(bench) {
    const home = await bench.home()
    const every = Math.max(1, Math.floor(Math.min(bench.stepsOr(24), mostSteps) / many))
    const train = (saveEvery: number) => {
      bench.say(`checkpoint, one every ${saveEvery} of ${every * many} steps …`)
      const settings = mailSettings('full', 'fp32', every * many)
      return home.train({ ...settings, eval_steps: saveEvery }, bench.threads, 0)
    }
    const [often = [], once = []] = await inTurn(bench.rounds, [() => train(every), () => train(every * many)])
    // Steps are counted as such only by their median, so that one slow step is not taken for a checkpoint.
    const pauses = often.map((run, i) => (asideSeconds(run) - asideSeconds(once[i] as CommandRun)) / (many - 1))
    const slower = stepSeconds(often) - stepSeconds(once)
    const cost = median(pauses) + Math.max(0, slower) * every
    const epoch = stepSeconds(once) * (once[0]?.run.plan?.stepsPerEpoch ?? Number.NaN)
    yield {
      kind: 'figure',
      case: 'checkpoint',
      what: 'one checkpoint',
      unit: 's',
      value: cost,
      against: { what: 'an epoch between two', value: epoch },
      comes: percent(cost / epoch),
      reach: '≤ 2 %',
    }
  },
}

/** What a run took beside its steps. */
function asideSeconds({ run: { timings } }: CommandRun): number {
  return timings ? timings.totalSeconds - timings.seconds : Number.NaN
}

function stepSeconds(runs: readonly CommandRun[]): number {
  return median(runs.flatMap(({ stepMs }) => stepMs)) / 1000
}
