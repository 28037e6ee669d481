import { mkdir, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { verifyCheckpoint } from '../checkpoint/save.ts'
import { putBack, takeOut } from '../checkpoint/take-out.ts'
import { optimizerFile } from '../checkpoint/training-state.ts'
import type { Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { isOwnerAlive } from '../store/owner.ts'
import type { StoredCheckpoint } from '../store/queries/checkpoints.ts'
import { folderBytes } from '../util/files.ts'
import { optimizerBytes } from './checkpoints.ts'
import type { Context } from './context.ts'
import { exists, moveFolder, removeFolder } from './folders.ts'
import { newId } from './ids.ts'

/** How long it can be undone; then the bytes are free. */
const keptMs = 60_000

type Undo = () => Promise<void>

/** What was removed to free space, for as long as it can be taken back. */
export class Freed {
  private readonly context: Context
  private readonly waiting = new Map<string, { undos: Undo[]; bytes: number; timer: NodeJS.Timeout }>()

  constructor(context: Context) {
    this.context = context
  }

  /** Removes what `what` says from these runs, which have ended. Resolves to what the disk gets back, and how to undo it. */
  async free(
    runs: readonly Run[],
    what: { readonly checkpoints: boolean; readonly optimizer: (run: Run) => boolean },
  ): Promise<{ bytes: number; undo: string | null }> {
    const token = newId()
    const undos: Undo[] = []
    try {
      for (const run of runs) {
        if (what.checkpoints) undos.push(...(await this.dropSpare(run, this.folderOf(token))))
        if (what.optimizer(run)) undos.push(...(await this.dropOptimizer(run, this.folderOf(token))))
      }
    } finally {
      for (const { id } of runs) this.recount(id)
    }
    const bytes = await folderBytes(this.folderOf(token), { own: true })
    if (undos.length === 0) return { bytes: 0, undo: null }
    const timer = setTimeout(() => void this.forget(token), keptMs)
    timer.unref()
    this.waiting.set(token, { undos, bytes, timer })
    return { bytes, undo: token }
  }

  /** Throws AttuneError not_found when it was too long ago. */
  async undo(token: string): Promise<{ bytes: number }> {
    const freed = this.waiting.get(token)
    if (!freed) {
      throw new AttuneError('not_found', 'It cannot be taken back any more: the space was freed for good.', {
        undo: token,
      })
    }
    this.waiting.delete(token)
    clearTimeout(freed.timer)
    for (const undo of freed.undos.toReversed()) await undo()
    await removeFolder(this.folderOf(token))
    return { bytes: freed.bytes }
  }

  /** Frees for good what waits. */
  async close(): Promise<void> {
    await Promise.all([...this.waiting.keys()].map((token) => this.forget(token)))
  }

  private async forget(token: string): Promise<void> {
    clearTimeout(this.waiting.get(token)?.timer)
    this.waiting.delete(token)
    await removeFolder(this.folderOf(token))
  }

  private async dropSpare({ id }: Run, to: string): Promise<Undo[]> {
    const { store, folders } = this.context
    const undos: Undo[] = []
    for (const checkpoint of await spareCheckpoints(this.context, id)) {
      const place = join(folders.of('runs', id), checkpoint.folder)
      const away = join(to, `${id}-${checkpoint.folder}`)
      await moveFolder(place, away)
      store.checkpoints.remove(id, checkpoint.step)
      undos.push(async () => {
        if (!this.isThere(id)) return
        await moveFolder(away, place)
        const { createdAt: at, step, epoch, bytes, metrics } = checkpoint
        store.checkpoints.add(id, { at, step, epoch, path: place, bytes, best: false, last: false, metrics })
        this.recount(id)
      })
    }
    return undos
  }

  private async dropOptimizer({ id }: Run, to: string): Promise<Undo[]> {
    const { store, folders } = this.context
    const undos: Undo[] = []
    for (const { step, folder } of store.checkpoints.list(id)) {
      const dir = join(folders.of('runs', id), folder)
      if ((await optimizerBytes(dir)) === 0) continue
      await mkdir(to, { recursive: true })
      const away = join(to, `${id}-${folder}-${optimizerFile}`)
      try {
        store.checkpoints.setBytes(id, step, await takeOut(dir, optimizerFile, away))
      } catch (error) {
        // A damaged checkpoint is left as it is.
        if (error instanceof AttuneError) continue
        throw error
      }
      undos.push(async () => {
        if (!this.isThere(id) || !(await exists(dir))) return
        store.checkpoints.setBytes(id, step, await putBack(dir, optimizerFile, away))
        this.recount(id)
      })
    }
    return undos
  }

  /** Not deleted meanwhile: then there is no place to put anything back to. */
  private isThere(id: string): boolean {
    return this.context.store.runs.get(id)?.deletedAt === null
  }

  private recount(id: string): void {
    const { store, bus } = this.context
    const cursor = store.queue.setBytes(id, store.checkpoints.bytes(id))
    if (cursor) bus.emit({ type: 'run', ...cursor })
  }

  /** Named by the process that may undo it: others leave it alone while that lives. */
  private folderOf(token: string): string {
    return join(this.context.folders.freed, `${this.context.owner.id}.${token}`)
  }
}

/** Checkpoints of a run that are neither its best, nor its last, nor the newest that is whole. */
export async function spareCheckpoints(
  { store, folders }: Pick<Context, 'store' | 'folders'>,
  id: string,
): Promise<StoredCheckpoint[]> {
  const others = store.checkpoints.list(id)
  // Newest first: what comes before the first whole one is damaged, and no better.
  while (others.length > 0) {
    const { folder } = others.shift() as StoredCheckpoint
    if (await isWhole(join(folders.of('runs', id), folder))) break
  }
  return others.filter(({ best, last }) => !best && !last)
}

async function isWhole(dir: string): Promise<boolean> {
  try {
    await verifyCheckpoint(dir)
    return true
  } catch (error) {
    if (error instanceof AttuneError) return false
    throw error
  }
}

/** What processes that have ended left to be freed. */
export async function sweepFreed({ folders }: Pick<Context, 'folders'>): Promise<void> {
  for (const name of await readdir(folders.freed).catch(() => [])) {
    const owner = basename(name).replace(/\.[^.]*$/, '')
    if (!isOwnerAlive(folders.locks, owner)) await removeFolder(join(folders.freed, name))
  }
}
