import { constants } from 'node:fs'
import { copyFile, link, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectModelFolder, type ModelFolder } from '../checkpoint/model-folder.ts'
import type { Model } from '../contract/domain.ts'
import type { Context } from './context.ts'
import { moveFolder, removeFolder, requireRoom } from './folders.ts'
import { newId } from './ids.ts'
import { uniqueName } from './names.ts'

/** How a checked folder comes to be a model of the store: copied, or as it lies. */

export interface Incoming {
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

/** Looks at the folder, copies it below models/ under a passing name, then puts it in place and writes the record. */
export async function takeIn(context: Context, incoming: Incoming): Promise<Model> {
  const { folders, bus } = context
  const progress = bus.progress(incoming.task, `Reading ${incoming.name}`)
  const { files, ...found } = await inspectModelFolder(incoming.dir, { onProgress: progress })
  const fresh = `${folders.of('models', newId())}.new`
  try {
    if (!incoming.isOurs) await requireRoom(folders.home, found.bytes, 'A copy of the model')
    await copyModel(incoming.dir, fresh, files, incoming.isOurs)
    return await settle(context, fresh, found, incoming)
  } catch (error) {
    await removeFolder(fresh)
    throw error
  }
}

/** The same for a folder that lies below models/ and is nobody else's: it is moved. */
export async function takeOver(
  context: Context,
  dir: string,
  { name, source }: Pick<Incoming, 'name' | 'source'>,
): Promise<Model> {
  const { files: _, ...found } = await inspectModelFolder(dir)
  return settle(context, dir, found, { name, source, licence: undefined, starter: null })
}

async function settle(
  { store, folders, clock }: Context,
  from: string,
  found: Omit<ModelFolder, 'files'>,
  { name, source, licence: given, starter }: Pick<Incoming, 'name' | 'source' | 'licence' | 'starter'>,
): Promise<Model> {
  const id = newId()
  const dir = folders.of('models', id)
  try {
    await moveFolder(from, dir)
    const taken = new Set(store.models.list().map((model) => model.name))
    const licence = given ?? found.licence
    const model: Model = {
      ...found,
      id,
      name: uniqueName(name, taken),
      source,
      createdAt: clock.now(),
      ...(licence !== undefined && { licence }),
    }
    if (store.models.add(model, starter)) return model
    // Another process registered the same starter first: its copy is the one.
    await removeFolder(dir)
    return store.models.starter(starter ?? '')?.model ?? model
  } catch (error) {
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
