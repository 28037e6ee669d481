import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import type { Context } from './context.ts'
import { missing } from './find.ts'
import { exists, type Kind, moveFolder, removeFolder } from './folders.ts'

const dayMs = 24 * 60 * 60 * 1000
/** How long a deleted thing can be restored. */
const keptMs = 30 * dayMs

/**
 * Deletes, so that it can be undone. First the record says so, then the files move: an end between the two leaves a
 * deleted thing with its files still in place, which restoring and purging both look for. Files of a dataset or model
 * that runs came from stay, as those runs are still read with them; false then.
 */
export async function discard(context: Context, kind: Kind, id: string): Promise<boolean> {
  const { store, folders, clock } = context
  setDeleted(context, kind, id, clock.now())
  if (kind !== 'runs' && store[kind].uses(id) > 0) return false
  await moveFolder(folders.of(kind, id), folders.trashed(kind, id))
  return true
}

/** Throws not_found when there is nothing deleted of that id, or its files were removed for good. */
export async function restore(context: Context, kind: Kind, id: string): Promise<void> {
  const { store, folders } = context
  const singular = kind === 'datasets' ? 'dataset' : kind === 'models' ? 'model' : 'run'
  const found = store[kind].get(id)
  if (!found) throw missing(singular, id)
  if (found.deletedAt === null) throw new AttuneError('conflict', `The ${singular} ${id} is not deleted.`, { id })
  await moveFolder(folders.trashed(kind, id), folders.of(kind, id))
  // A run that never began has no folder.
  if (kind !== 'runs' && !(await exists(folders.of(kind, id)))) {
    throw new AttuneError('not_found', `The files of the ${singular} ${id} were removed after 30 days in the trash.`, {
      id,
    })
  }
  setDeleted(context, kind, id, null)
}

/**
 * Removes for good what was deleted until `before`, long ago when absent (runs first, as datasets and models wait for
 * theirs), and what imports that were cut off left behind.
 */
export async function purge(context: Context, before = context.clock.now() - keptMs): Promise<void> {
  const { store, folders } = context
  for (const { id, deletedAt } of store.runs.deleted()) {
    if (deletedAt > before) continue
    await removeFiles('runs', id)
    store.runs.purge(id)
  }
  for (const kind of ['datasets', 'models'] as const) {
    for (const { id, deletedAt } of store[kind].deleted()) {
      if (deletedAt > before || store[kind].uses(id) > 0) continue
      await removeFiles(kind, id)
    }
  }

  await sweepUnrecorded(context, 'datasets')
  await sweepUnrecorded(context, 'models')
  await sweepUnrecorded(context, 'runs')

  async function removeFiles(kind: Kind, id: string): Promise<void> {
    await removeFolder(folders.trashed(kind, id))
    await removeFolder(folders.of(kind, id))
  }
}

/** Folders without a record: a day old, since an import or a fork that is under way elsewhere has none yet either. */
async function sweepUnrecorded({ store, folders, clock }: Context, kind: Kind): Promise<void> {
  const parent = dirname(folders.of(kind, 'any'))
  for (const name of await readdir(parent)) {
    if (store[kind].get(name) !== null) continue
    // Gone already: another process ended its import, or sweeps as well.
    const found = await stat(join(parent, name)).catch(() => null)
    // Older than a backup that was put back: the record that was lost may have known it.
    if (!found || found.mtimeMs <= (store.backups.restoredAt() ?? 0)) continue
    if (clock.now() - found.mtimeMs > dayMs) await removeFolder(join(parent, name))
  }
}

function setDeleted({ store, bus }: Context, kind: Kind, id: string, at: number | null): void {
  if (kind !== 'runs') {
    store.transact(() => store[kind].setDeleted(id, at), { durable: true })
    return
  }
  const cursor = store.transact(() => store.runs.setDeleted(id, at), { durable: true })
  if (cursor) bus.emit({ type: 'run', ...cursor })
}
