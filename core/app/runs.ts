import type { Model, Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Handlers, ParsedInput } from '../contract/methods.ts'
import type { RunCursor } from '../store/queries/queue.ts'
import { decideConfig } from './config.ts'
import type { Context } from './context.ts'
import { missing, namedBy, requireRun } from './find.ts'
import { newId } from './ids.ts'
import { friendlyRunName, nextColour, uniqueName } from './names.ts'
import type { RunQueue } from './queue.ts'
import { resumeRun } from './resume.ts'
import { discard, restore } from './trash.ts'

type RunMethods =
  | 'runs.create'
  | 'runs.list'
  | 'runs.get'
  | 'runs.stop'
  | 'runs.pause'
  | 'runs.resume'
  | 'runs.repeat'
  | 'runs.update'
  | 'runs.archive'
  | 'runs.delete'
  | 'runs.restore'
  | 'runs.log'

export function runHandlers(context: Context, queue: RunQueue): Pick<Handlers, RunMethods> {
  const { store, bus } = context
  const announced = (cursor: RunCursor | null, id: string): { run: Run } => {
    if (cursor) bus.emit({ type: 'run', ...cursor })
    return { run: requireRun(store, id) }
  }

  return {
    'runs.create': ({ config }) => {
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
      setImmediate(() => queue.look())
      return answer
    },
    'runs.repeat': ({ id, seeds }) => {
      const { name, config } = requireRun(store, id)
      const stem = name.replace(/ seed \d+$/, '')
      const runs = store.transact(
        () => [...new Set(seeds)].map((seed) => createRun(context, { ...config, seed, name: `${stem} seed ${seed}` })),
        { durable: true },
      )
      setImmediate(() => queue.look())
      return { runs }
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

function createRun(context: Context, written: ParsedInput<'runs.create'>['config']): Run {
  const { store, owner, clock, deps, bus } = context
  const model = findModel(context, written.model)
  const dataset = namedBy('dataset', written.dataset, store.datasets.list())
  const config = decideConfig(written, model, dataset)
  const id = newId()
  store.transact(
    () => {
      store.runs.add({
        id,
        name: uniqueName(config.name ?? friendlyRunName(id, config.method, model.name), store.runs.names()),
        config,
        colour: nextColour(store.runs.colours()),
        createdAt: clock.now(),
        appVersion: deps.version,
        owner: owner.id,
      })
    },
    { durable: true },
  )
  const run = requireRun(store, id)
  bus.emit({ type: 'run', id, step: 0, revision: run.revision })
  return run
}

/** By id or name, or as the starter that it came as: "minilm-l6", "starter:minilm-l6". */
function findModel({ store }: Context, wanted: string): Model {
  const starter = store.models.starter(wanted.replace(/^starter:/, ''))
  if (starter && starter.deletedAt === null) return starter.model
  return namedBy('model', wanted, store.models.list())
}

function refuseActive(id: string, state: Run['state'], what: string): void {
  if (state !== 'running' && state !== 'queued') return
  throw new AttuneError('conflict', `The run ${id} is ${state}; stop it before it can be ${what}.`, { id, state })
}
