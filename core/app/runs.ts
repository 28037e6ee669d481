import type { Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import type { RunCursor } from '../store/queries/queue.ts'
import type { Cancellations } from './cancellations.ts'
import type { Context } from './context.ts'
import { missing, requireRun } from './find.ts'
import { createChild, forkRun } from './fork.ts'
import { createRun } from './new-run.ts'
import type { Preflights } from './preflight.ts'
import type { RunQueue } from './queue.ts'
import { baselineOf } from './recurrent-baseline.ts'
import { reproduceRun } from './reproduce.ts'
import { resumeRun } from './resume.ts'
import { paceOf } from './run-pace.ts'
import { discard, restore } from './trash.ts'

type RunMethods =
  | 'runs.create'
  | 'runs.list'
  | 'runs.get'
  | 'runs.stop'
  | 'runs.pause'
  | 'runs.resume'
  | 'runs.repeat'
  | 'runs.fork'
  | 'runs.recurrentBaseline'
  | 'runs.pace'
  | 'runs.reproduce'
  | 'runs.update'
  | 'runs.archive'
  | 'runs.delete'
  | 'runs.restore'
  | 'runs.log'

export function runHandlers(
  context: Context,
  queue: RunQueue,
  preflights: Pick<Preflights, 'admit'>,
  cancellations: Cancellations,
): Pick<Handlers, RunMethods> {
  const { store, bus } = context
  const announced = (cursor: RunCursor | null, id: string): { run: Run } => {
    if (cursor) bus.emit({ type: 'run', ...cursor })
    return { run: requireRun(store, id) }
  }

  return {
    'runs.create': async ({ config, ignorePreflight }) => {
      if (!ignorePreflight) await preflights.admit(config)
      const run = createRun(context, config)
      // Answered first, so that whoever asked sees it queued.
      setImmediate(() => queue.lookSafely())
      return { run }
    },
    'runs.list': () => ({ runs: store.runs.list() }),
    'runs.get': ({ id }) => ({ run: requireRun(store, id) }),
    'runs.stop': ({ id, keep }) => {
      requireRun(store, id)
      queue.stop(id, keep)
      return { run: requireRun(store, id) }
    },
    'runs.pause': ({ id }) => {
      requireRun(store, id)
      queue.pause(id)
      return { run: requireRun(store, id) }
    },
    'runs.resume': async ({ id }) => {
      // A run whose process has died since the last look is put right first.
      queue.look()
      await queue.recovered()
      const answer = announced(await resumeRun(context, id), id)
      setImmediate(() => queue.lookSafely())
      return answer
    },
    'runs.repeat': async ({ id, seeds }) => {
      const parent = requireRun(store, id)
      const stem = parent.name.replace(/ seed \d+$/, '')
      const cameFrom = { kind: 'repeat', run: id, name: parent.name, step: null } as const
      const runs: Run[] = []
      for (const seed of new Set(seeds)) {
        runs.push(
          await createChild(context, parent, { ...parent.config, seed, name: `${stem} seed ${seed}` }, { cameFrom }),
        )
      }
      setImmediate(() => queue.lookSafely())
      return { runs }
    },
    'runs.fork': async (input) => {
      if (!input.ignorePreflight) await preflights.admit(input.config ?? requireRun(store, input.id).config)
      const run = await forkRun(context, input)
      setImmediate(() => queue.lookSafely())
      return { run }
    },
    'runs.recurrentBaseline': async ({ id, architecture, ignorePreflight }) => {
      const { model, config } = await baselineOf(context, id, architecture, cancellations)
      bus.emit({ type: 'models' })
      if (!ignorePreflight) await preflights.admit(config)
      const run = createRun(context, config)
      setImmediate(() => queue.lookSafely())
      return { model, run }
    },
    'runs.pace': async ({ id }) => ({ pace: await paceOf(context, requireRun(store, id), cancellations) }),
    'runs.reproduce': async ({ id }) => {
      const run = await reproduceRun(context, id)
      setImmediate(() => queue.lookSafely())
      return { run }
    },
    'runs.update': ({ id, name, notes }) => {
      requireRun(store, id)
      return announced(store.runs.update(id, { name, notes }), id)
    },
    'runs.archive': ({ id, archived }) => {
      const { state } = requireRun(store, id)
      if (archived === (state === 'archived')) return { run: requireRun(store, id) }
      if (archived) refuseActive(id, state, 'archived')
      return announced(store.runs.setArchived(id, archived), id)
    },
    'runs.delete': async ({ id }) => {
      const { state, bytes } = requireRun(store, id)
      if (state === 'queued') queue.stop(id, false)
      else refuseActive(id, state, 'deleted')
      await discard(context, 'runs', id)
      return { bytes }
    },
    'runs.restore': async ({ id }) => {
      await restore(context, 'runs', id)
      return { run: requireRun(store, id) }
    },
    'runs.log': ({ id, after, limit }) => {
      if (!store.runs.get(id)) throw missing('run', id)
      return { lines: store.logs.list(id, after, limit) }
    },
  }
}

function refuseActive(id: string, state: Run['state'], what: string): void {
  if (state !== 'running' && state !== 'queued') return
  throw new AttuneError('conflict', `The run ${id} is ${state}; stop it before it can be ${what}.`, { id, state })
}
