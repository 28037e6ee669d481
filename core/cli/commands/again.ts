import { AttuneError } from '../../contract/errors.ts'
import { findRun, type Ground } from '../ground.ts'
import type { Answer } from '../io.ts'
import { trainAll } from './train.ts'

export async function pauseRun(ground: Ground, wanted: string): Promise<Answer> {
  const { id } = await findRun(ground, wanted)
  const { run } = await ground.call('runs.pause', { id })
  return { value: { run }, text: `${run.name} pauses after its present step. "attune runs resume ${id}" goes on.` }
}

/** Like `train`, stays until the run has ended. With --json the last object is `{run}`. */
export async function resumeRun(ground: Ground, wanted: string, options: { readonly watch: boolean }): Promise<number> {
  const { id } = await findRun(ground, wanted)
  const { run } = await ground.call('runs.resume', { id })
  return trainAll(ground, [run], options, ([ended]) => ({ run: ended }))
}

export interface RepeatOptions {
  readonly watch: boolean
  readonly seeds?: readonly number[]
  readonly times?: number
}

/** Stays until all repetitions have ended, one after the other. With --json the last object is `{runs}`. */
export async function repeatRun(ground: Ground, wanted: string, options: RepeatOptions): Promise<number> {
  const { seeds, times } = options
  if ((seeds === undefined) === (times === undefined)) {
    throw new AttuneError('bad_request', 'Give either --seeds, such as 1,2,3, or --times, a number of new seeds.')
  }
  const { id, config } = await findRun(ground, wanted)
  const wantedSeeds = seeds ?? Array.from({ length: times ?? 0 }, (_, i) => config.seed + 1 + i)
  const { runs } = await ground.call('runs.repeat', { id, seeds: [...wantedSeeds] })
  return trainAll(ground, runs, options, (ended) => ({ runs: ended }))
}
