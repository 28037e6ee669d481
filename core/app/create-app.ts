import type { Subscribe } from '../contract/events.ts'
import type { Handlers } from '../contract/methods.ts'
import { openStore } from '../store/open.ts'
import { becomeOwner } from '../store/owner.ts'
import { keepBackups } from './backups.ts'
import { createBus } from './bus.ts'
import { createCancellations } from './cancellations.ts'
import { checkpointHandlers } from './checkpoints.ts'
import { comparisonHandlers } from './comparisons.ts'
import type { AppDeps, Context } from './context.ts'
import { datasetHandlers } from './datasets.ts'
import { namingErrors } from './errors.ts'
import { evaluationHandlers } from './evaluations.ts'
import { createFileHandles, type FileHandles } from './file-handles.ts'
import { openFolders } from './folders.ts'
import { sweepFreed } from './freed.ts'
import { generationHandlers } from './generations.ts'
import { infoHandlers } from './info.ts'
import { modelHandlers, registerStarters } from './models.ts'
import { watchNeighbours } from './neighbours.ts'
import { Predictions } from './predictions.ts'
import { Preflights } from './preflight.ts'
import { RunQueue } from './queue.ts'
import { queueHandlers } from './queue-order.ts'
import { Reproductions } from './reproduce.ts'
import { runHandlers } from './runs.ts'
import { storageHandlers } from './storage.ts'
import { purge } from './trash.ts'
import { guardWal } from './wal-guard.ts'

export type { AppDeps } from './context.ts'

/** The whole app behind its contract: what the window, the server and the command line are doors to. */
export interface App {
  readonly handlers: Handlers
  readonly subscribe: Subscribe
  readonly files: Pick<FileHandles, 'register'>
  /** Ends what runs here (the run is interrupted, its data intact) and closes the store. */
  close(): Promise<void>
}

/**
 * Opens the data home, which other processes may have open too: registers starters that set-up fetched, marks runs that
 * a dead process left as interrupted, and goes on with the queue. Throws AttuneError: bad_file (the folder cannot be
 * written, the database is damaged or newer), busy, disk_full.
 */
export async function createApp(deps: AppDeps): Promise<App> {
  const folders = openFolders(deps.home, deps.cache)
  const store = openStore(folders.database, { clock: deps.clock })
  const owner = becomeOwner(folders.locks)
  const bus = createBus(deps.clock)
  const files = createFileHandles()
  const context: Context = { deps, clock: deps.clock, folders, store, owner, bus, files }
  const reproductions = new Reproductions(context)
  const queue = new RunQueue(context, () => reproductions.judge())
  const preflights = new Preflights(context)
  const predictions = new Predictions(context)
  const generations = generationHandlers(context)
  const cancellations = createCancellations()
  const models = modelHandlers(context, cancellations)
  const storage = storageHandlers(context)
  const backups = keepBackups(context)
  const walGuard = guardWal(context)
  const neighbours = watchNeighbours(context, () => queue.look())
  const close = async () => {
    neighbours.close()
    walGuard.close()
    await queue.close()
    await reproductions.close()
    await preflights.close()
    await predictions.close()
    await generations.close()
    await models.close()
    await storage.close()
    await backups.close()
    owner.close()
    store.close()
  }
  const handlers: Handlers = {
    ...infoHandlers(context),
    ...datasetHandlers(context),
    ...models.handlers,
    ...runHandlers(context, queue, preflights, cancellations),
    ...preflights.handlers,
    ...queueHandlers(context, queue),
    ...checkpointHandlers(context),
    ...predictions.handlers,
    ...generations.handlers,
    ...storage.handlers,
    ...evaluationHandlers(context),
    ...comparisonHandlers(context),
  }
  try {
    await registerStarters(context)
    await purge(context)
    await sweepFreed(context)
    queue.look()
    await queue.recovered()
    reproductions.judge()
  } catch (error) {
    await close()
    throw error
  }
  return { handlers: namingErrors(handlers, context), subscribe: bus.subscribe, files, close }
}
