import { lineageSource, type Model, type ModelSource } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import type { Cancellations } from './cancellations.ts'
import { requireCheckpoint, writeExport } from './checkpoints.ts'
import type { Context } from './context.ts'
import { createModel } from './create-model.ts'
import { requireModel, requireRun } from './find.ts'
import { removeFolder } from './folders.ts'
import { addFromHub } from './hub-models.ts'
import { newId } from './ids.ts'
import { type Incoming, takeIn } from './model-folders.ts'
import { readStarter, type Starter, starterFolder, starterNames } from './shipped.ts'
import { discard, restore } from './trash.ts'

type ModelMethods = Extract<keyof Handlers, `models.${string}`>

export function modelHandlers(
  context: Context,
  cancellations: Cancellations,
): { handlers: Pick<Handlers, ModelMethods>; close(): Promise<void> } {
  const { store, bus } = context
  const changed = () => bus.emit({ type: 'models' })
  const underWay = new Set<Promise<unknown>>()
  const waitedFor = async <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work)
    try {
      return await work
    } finally {
      underWay.delete(work)
    }
  }
  const handlers: Pick<Handlers, ModelMethods> = {
    'models.add': async ({ source, name }) => {
      const model = await waitedFor(addModel(context, source, name, cancellations))
      changed()
      return { model }
    },
    'models.fromRun': async ({ run, checkpoint, name }) => {
      const model = await addFromRun(context, run, checkpoint, name)
      changed()
      return { model }
    },
    'models.create': async (wanted) => {
      const model = await waitedFor(createModel(context, wanted, cancellations))
      changed()
      return { model }
    },
    'models.cancel': ({ task }) => {
      cancellations.cancel(task)
      return {}
    },
    'models.list': () => ({ models: store.models.list() }),
    'models.rename': ({ id, name }) => {
      requireModel(store, id)
      store.models.rename(id, name)
      changed()
      return { model: requireModel(store, id) }
    },
    'models.delete': async ({ id }) => {
      const { bytes } = requireModel(store, id)
      const freed = await discard(context, 'models', id)
      changed()
      return { bytes: freed ? bytes : 0 }
    },
    'models.restore': async ({ id }) => {
      await restore(context, 'models', id)
      changed()
      return { model: requireModel(store, id) }
    },
  }
  return {
    handlers,
    async close() {
      cancellations.cancelAll()
      await Promise.allSettled(underWay)
    },
  }
}

/** Registers the starters that set-up fetched and no earlier start has registered. */
export async function registerStarters(context: Context): Promise<void> {
  for (const name of starterNames) {
    if (context.store.models.starter(name) !== null) continue
    const starter = await readStarter(context.folders.cache, name)
    if (starter === null) continue
    try {
      await takeIn(context, { ...ofStarter(starter), name: starter.title })
    } catch (error) {
      // A damaged starter must not keep the app from opening; adding it by name tells what is wrong.
      if (!(error instanceof AttuneError)) throw error
    }
  }
}

async function addModel(
  context: Context,
  source: ModelSource,
  name: string | undefined,
  cancellations: Cancellations,
): Promise<Model> {
  if (source.kind === 'hub') {
    return addFromHub(context, { model: source.model, name, task: source.task ?? source.model }, cancellations)
  }
  if (source.kind === 'file') {
    const { path, fileName } = context.files.resolve(source.handle)
    const given = {
      dir: path,
      name: name ?? fileName,
      source: fileName,
      starter: null,
      licence: undefined,
      isOurs: false,
    }
    return takeIn(context, { ...given, task: source.handle })
  }
  const starter = await starterFolder(context.folders.cache, source.name)
  const known = context.store.models.starter(starter.name)
  if (known === null) return takeIn(context, { ...ofStarter(starter), name: name ?? starter.title })
  if (known.deletedAt !== null) await restore(context, 'models', known.model.id)
  if (name !== undefined) context.store.models.rename(known.model.id, name)
  return requireModel(context.store, known.model.id)
}

/**
 * A run's checkpoint as a model to start from, an adapter merged into its base. Its tensors are exported into a passing
 * folder and linked from there.
 */
async function addFromRun(
  context: Context,
  id: string,
  wanted: 'best' | 'last' | number,
  name: string | undefined,
): Promise<Model> {
  const run = requireRun(context.store, id)
  const checkpoint = await requireCheckpoint(context, id, wanted)
  const dir = `${context.folders.of('models', newId())}.export`
  try {
    await writeExport(context, run, checkpoint, dir, true)
    return await takeIn(context, {
      dir,
      name: name ?? run.name,
      source: lineageSource({ run: run.id, step: checkpoint.step, name: run.name }),
      licence: context.store.models.get(run.model.id)?.model.licence,
      starter: null,
      isOurs: true,
      task: run.id,
    })
  } finally {
    await removeFolder(dir)
  }
}

function ofStarter({ dir, name, source, licence }: Starter): Omit<Incoming, 'name'> {
  return { dir, source, licence, starter: name, isOurs: true, task: name }
}
