import { join } from 'node:path'
import { verifyCheckpoint } from '../checkpoint/save.ts'
import type { Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { isOwnerAlive } from '../store/owner.ts'
import type { StoredCheckpoint } from '../store/queries/checkpoints.ts'
import type { RunCursor } from '../store/queries/queue.ts'
import { optimizerBytes } from './checkpoints.ts'
import type { Context } from './context.ts'
import { requireRun } from './find.ts'

/** The beginning, of a run that has no checkpoint. */
const beginning = { step: 0, epoch: 0 } as const

/**
 * Puts a run that ended before its last step back into the queue. Its record goes back to its newest whole checkpoint:
 * the steps after it are done again, and their points come again. Throws conflict when there is nothing to go on from.
 */
export async function resumeRun(context: Context, id: string): Promise<RunCursor | null> {
  const { store, owner } = context
  const run = requireRun(store, id)
  if (run.state === 'queued') return takeOver(context, id)
  refuseUnresumable(run)
  const { from, stripped } = await newestWhole(context, id)
  if (from === null && stripped) refuseStripped(run)
  if (from === null) refuseToBeginAgain(run)
  const { step, epoch } = from ?? beginning
  const cursor = store.transact(
    () => {
      store.metrics.rollBack(id, step)
      store.checkpoints.rollBack(id, step)
      store.predictions.remove(id)
      return store.queue.resume(id, owner.id, { step, epoch }, store.metrics.summary(id), store.checkpoints.bytes(id))
    },
    { durable: true },
  )
  // Resumed by another process while its checkpoint was being verified here: the same was done, no more.
  return cursor
}

/** A run whose process ended before its turn came waits for nobody. */
function takeOver({ store, owner, folders }: Context, id: string): RunCursor | null {
  const former = store.queue.ownerOf(id)
  if (former === owner.id || (former !== null && isOwnerAlive(folders.locks, former))) {
    throw new AttuneError('conflict', `The run ${id} is in the queue already; it begins when its turn comes.`, { id })
  }
  return store.queue.adopt(id, owner.id)
}

function refuseUnresumable({ id, state }: Run): void {
  if (state === 'paused' || state === 'stopped' || state === 'interrupted' || state === 'failed') return
  const why = {
    finished: 'there is nothing left to do; repeat it to train it again',
    running: 'it is being trained now',
    queued: 'it begins when its turn comes',
    archived: 'take it out of the archive first',
  }[state]
  throw new AttuneError('conflict', `The run ${id} is ${state}: ${why}.`, { id, state })
}

/** A run that was paused or cut off comes to the same end from its beginning; one that was ended on purpose is over. */
function refuseToBeginAgain({ id, state, startedAt }: Run): void {
  if (state === 'paused' || state === 'interrupted' || startedAt === null) return
  throw new AttuneError(
    'conflict',
    `The run ${id} is ${state} and has no checkpoint to go on from. Repeat it to train it from the beginning.`,
    { id, state },
  )
}

function refuseStripped({ id, state }: Run): void {
  const message =
    `The run ${id} is ${state}, and cannot go on: the optimizer's state was removed from its checkpoints to free space. ` +
    'Fork it: a new run then begins with their weights.'
  throw new AttuneError('conflict', message, { id, state, offer: 'fork' })
}

interface Newest {
  readonly from: { readonly step: number; readonly epoch: number } | null
  /** There were whole ones without the optimizer's state. */
  readonly stripped: boolean
}

/** Those that fail the proof of their manifest are passed over, which the log says. */
async function newestWhole(context: Context, id: string): Promise<Newest> {
  const { store, folders, clock } = context
  let stripped = false
  for (const { step, epoch, folder } of trusted(store.checkpoints.list(id))) {
    const dir = join(folders.of('runs', id), folder)
    try {
      await verifyCheckpoint(dir)
      if ((await optimizerBytes(dir)) > 0) return { from: { step, epoch }, stripped }
      stripped = true
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const text = `The checkpoint of step ${step} cannot be gone on from: ${reason}`
      store.logs.add(id, { at: clock.now(), level: 'warning', text })
    }
  }
  return { from: null, stripped }
}

/** Newest first. When a run diverged, those after its last good one hold the weights that it diverged with. */
function trusted(checkpoints: readonly StoredCheckpoint[]): readonly StoredCheckpoint[] {
  const last = checkpoints.findIndex((checkpoint) => checkpoint.last)
  return checkpoints.slice(Math.max(0, last))
}
