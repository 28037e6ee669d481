import type { Run } from '../../contract/domain.ts'
import { findDataset, findRun, type Ground } from '../ground.ts'
import { readRunSettings } from '../run-settings.ts'
import { summary, trainAll } from './train.ts'

export interface ForkOptions {
  readonly checkpoint: 'best' | 'last' | number
  readonly set: readonly string[]
  readonly optimizer: boolean
  readonly watch: boolean
}

/** Stays until the fork has ended. With --json the last object is `{run}`. */
export async function forkRun(ground: Ground, wanted: string, options: ForkOptions): Promise<number> {
  const parent = await findRun(ground, wanted)
  const { name: _, ...before } = parent.config
  const written = readRunSettings(JSON.stringify(before), `the settings of ${parent.name}`, options.set)
  const dataset = written.dataset === before.dataset ? before.dataset : (await findDataset(ground, written.dataset)).id
  const { checkpoint, optimizer } = options
  const config = { ...written, dataset }
  const { run } = await ground.call('runs.fork', { id: parent.id, checkpoint, optimizer, config })
  ground.output.note(`${run.name} begins with step ${run.origin?.step} of ${parent.name}.`)
  return trainAll(ground, [run], options, ([ended]) => ({ run: ended }))
}

/** Stays until it is known whether the same came out. With --json the last object is `{run}`; 0 only when it is equal. */
export async function reproduceRun(
  ground: Ground,
  wanted: string,
  options: { readonly watch: boolean },
): Promise<number> {
  const { id } = await findRun(ground, wanted)
  const { run } = await ground.call('runs.reproduce', { id })
  let judged: Run = run
  const code = await trainAll(
    ground,
    [run],
    options,
    async ([ended]) => {
      judged = ended?.state === 'finished' ? await untilJudged(ground, run.id) : (ended ?? run)
      return { run: judged }
    },
    () => `${summary(judged)}\n\n${judged.reproduction?.sentence ?? ''}`,
  )
  return code === 0 && judged.reproduction?.outcome !== 'equal' ? 1 : code
}

/** The comparison comes a moment after the end. */
async function untilJudged({ call, subscribe }: Ground, id: string): Promise<Run> {
  for (;;) {
    const changed = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000)
      const unsubscribe = subscribe((event) => {
        if (event.type !== 'run' || event.id !== id) return
        clearTimeout(timer)
        unsubscribe()
        resolve()
      })
    })
    const { run } = await call('runs.get', { id })
    if (run.reproduction?.outcome !== 'pending') return run
    await changed
  }
}
