import { dirname, join } from 'node:path'
import type { Run, RunSpace, RunState } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import { folderBytes } from '../util/files.ts'
import { optimizerBytes } from './checkpoints.ts'
import type { Context } from './context.ts'
import { requireRun } from './find.ts'
import { freeBytes } from './folders.ts'
import { Freed } from './freed.ts'
import { purge } from './trash.ts'

type StorageMethods = 'storage.get' | 'storage.free' | 'storage.undo' | 'storage.emptyTrash'

const active: ReadonlySet<RunState> = new Set(['queued', 'running'])
/** These never go on: nothing is lost with the optimizer's state. */
const done: ReadonlySet<RunState> = new Set(['finished', 'archived'])

/** What takes how much room, and what can go. `close` frees for good what could still be undone. */
export function storageHandlers(context: Context): {
  handlers: Pick<Handlers, StorageMethods>
  close(): Promise<void>
} {
  const { store, folders, clock } = context
  const freed = new Freed(context)
  return {
    close: () => freed.close(),
    handlers: {
      'storage.get': async () => {
        const spaces = await Promise.all(store.runs.list().map((run) => spaceOf(context, run)))
        const kind = (name: 'runs' | 'datasets' | 'models') => folderBytes(dirname(folders.of(name, 'any')))
        return {
          runs: spaces.filter(({ bytes }) => bytes > 0).sort((one, other) => other.bytes - one.bytes),
          runBytes: await kind('runs'),
          datasetBytes: await kind('datasets'),
          modelBytes: await kind('models'),
          exportBytes: await folderBytes(folders.exports),
          trashBytes: await folderBytes(folders.trash),
          freeDiskBytes: await freeBytes(folders.home),
        }
      },
      'storage.free': async ({ runs: ids, checkpoints, optimizer }) => {
        const runs = ids ? ids.map((id) => requireEnded(context, id)) : store.runs.list().filter(isOver)
        return freed.free(runs, {
          checkpoints,
          optimizer: ({ state }) => optimizer && (ids !== undefined || done.has(state)),
        })
      },
      'storage.undo': ({ undo }) => freed.undo(undo),
      'storage.emptyTrash': async () => {
        const before = await folderBytes(folders.trash)
        await purge(context, clock.now())
        return { bytes: Math.max(0, before - (await folderBytes(folders.trash))) }
      },
    },
  }
}

function isOver({ state }: Run): boolean {
  return !active.has(state)
}

function requireEnded({ store }: Context, id: string): Run {
  const run = requireRun(store, id)
  if (isOver(run)) return run
  throw new AttuneError('conflict', `The run ${id} is ${run.state}: its checkpoints are its own until it has ended.`, {
    id,
    state: run.state,
  })
}

async function spaceOf({ store, folders }: Context, run: Run): Promise<RunSpace> {
  const dir = folders.of('runs', run.id)
  const checkpoints = store.checkpoints.list(run.id)
  let spareBytes = 0
  let stateBytes = 0
  for (const { folder, best, last } of isOver(run) ? checkpoints : []) {
    const own = await folderBytes(join(dir, folder), { own: true })
    if (!best && !last) spareBytes += own
    stateBytes += await optimizerBytes(join(dir, folder), { own: true })
  }
  return {
    run: run.id,
    bytes: run.bytes,
    checkpoints: checkpoints.length,
    spareBytes,
    optimizerBytes: stateBytes,
    resumable: isOver(run) && !done.has(run.state) && stateBytes > 0,
  }
}
