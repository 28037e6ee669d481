import { constants } from 'node:fs'
import { copyFile, link, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectModelFolder } from '../checkpoint/model-folder.ts'
import { lineageSource, type Model, type Source } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import { requireCheckpoint, writeExport } from './checkpoints.ts'
import type { Context } from './context.ts'
import { requireModel, requireRun } from './find.ts'
import { moveFolder, removeFolder, requireRoom } from './folders.ts'
import { newId } from './ids.ts'
import { uniqueName } from './names.ts'
import { readStarter, type Starter, starterFolder, starterNames } from './shipped.ts'
import { discard, restore } from './trash.ts'

type ModelMethods = Extract<keyof Handlers, `models.${string}`>

export function modelHandlers(context: Context): Pick<Handlers, ModelMethods> {
  const { store, bus } = context
  const changed = () => bus.emit({ type: 'models' })
  return {
    'models.add': async ({ source, name }) => {
      const model = await addModel(context, source, name)
      changed()
      return { model }
    },
    'models.fromRun': async ({ run, checkpoint, name }) => {
      const model = await addFromRun(context, run, checkpoint, name)
      changed()
      return { model }
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

async function addModel(context: Context, source: Source, name: string | undefined): Promise<Model> {
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

interface Incoming {
  readonly dir: string
  readonly name: string
  readonly source: string
  readonly licence: string | undefined
  readonly starter: string | null
  /** Whether nobody else writes its files: its weights need no copy. */
  readonly isOurs: boolean
  /** What its progress is told under. */
  readonly task: string
}

function ofStarter({ dir, name, source, licence }: Starter): Omit<Incoming, 'name'> {
  return { dir, source, licence, starter: name, isOurs: true, task: name }
}

/** Looks at the folder, copies it below models/ under a passing name, then puts it in place and writes the record. */
async function takeIn(context: Context, incoming: Incoming): Promise<Model> {
  const { store, folders, clock, bus } = context
  const progress = bus.progress(incoming.task, `Reading ${incoming.name}`)
  const { files, ...found } = await inspectModelFolder(incoming.dir, { onProgress: progress })
  const id = newId()
  const dir = folders.of('models', id)
  const fresh = `${dir}.new`
  try {
    if (!incoming.isOurs) await requireRoom(folders.home, found.bytes, 'A copy of the model')
    await copyModel(incoming.dir, fresh, files, incoming.isOurs)
    await moveFolder(fresh, dir)
    const taken = new Set(store.models.list().map(({ name }) => name))
    const licence = incoming.licence ?? found.licence
    const model: Model = {
      ...found,
      id,
      name: uniqueName(incoming.name, taken),
      source: incoming.source,
      createdAt: clock.now(),
      ...(licence !== undefined && { licence }),
    }
    if (store.models.add(model, incoming.starter)) return model
    // Another process registered the same starter first: its copy is the one.
    await removeFolder(dir)
    return store.models.starter(incoming.starter ?? '')?.model ?? model
  } catch (error) {
    await removeFolder(fresh)
    await removeFolder(dir)
    throw error
  }
}

/**
 * `byLink` shares the weights with a folder of our own (the cache), which nothing writes again; a person's may be. The
 * small files beside them take no room worth sharing, and what opens one to edit it would edit the cache's.
 */
async function copyModel(from: string, to: string, names: readonly string[], byLink: boolean): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const name of names) {
    const shared = byLink && name.endsWith('.safetensors')
    if (shared && (await linkFile(join(from, name), join(to, name)))) continue
    await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE)
  }
}

/** False on another disk, or in a file system without links. */
async function linkFile(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch {
    return false
  }
}
