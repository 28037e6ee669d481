import type { Run } from '../../contract/domain.ts'
import type { Input } from '../../contract/methods.ts'
import { findRun, type Ground } from '../ground.ts'
import type { Answer } from '../io.ts'
import { table } from '../table.ts'

/** What waits, the next first; `paused` says whether it should rest from now on. */
export async function showQueue({ call }: Ground, paused?: boolean): Promise<Answer> {
  const queue = paused === undefined ? await call('queue.get', {}) : await call('queue.pause', { paused })
  return described(queue, (await call('runs.list', {})).runs)
}

export async function moveRun(ground: Ground, wanted: string, to: Input<'queue.move'>['to']): Promise<Answer> {
  const { id } = await findRun(ground, wanted)
  const queue = await ground.call('queue.move', { id, to })
  return described(queue, (await ground.call('runs.list', {})).runs)
}

function described(queue: { readonly paused: boolean; readonly runs: readonly string[] }, all: readonly Run[]): Answer {
  const waiting = queue.runs.flatMap((id) => all.find((run) => run.id === id) ?? [])
  const running = all.find(({ state }) => state === 'running') ?? null
  const now = running ? [`${running.name} is being trained.`] : []
  const rests = queue.paused
    ? ['The queue is paused: nothing new begins. "attune runs queue --resume" lets it go on.']
    : []
  const rows =
    waiting.length === 0
      ? 'Nothing waits.'
      : table(
          [
            { title: '#', value: (run: Run) => String(waiting.indexOf(run) + 1), right: true },
            { title: 'ID', value: ({ id }) => id },
            { title: 'NAME', value: ({ name }) => name, max: 40 },
            { title: 'MODEL', value: ({ model }) => model.name, max: 20 },
            { title: 'DATASET', value: ({ dataset }) => dataset.name, max: 20 },
            { title: 'STEP', value: ({ step }) => (step > 0 ? `goes on from ${step}` : '–') },
          ],
          waiting,
        )
  return { value: { paused: queue.paused, running, runs: waiting }, text: [...now, ...rests, rows].join('\n') }
}
