import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { exportCheckpoint } from '../checkpoint/export.ts'
import { optimizerFile } from '../checkpoint/training-state.ts'
import { type Checkpoint, lineageOf, type Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import type { StoredCheckpoint } from '../store/queries/checkpoints.ts'
import type { Context } from './context.ts'
import { missing, requireRun } from './find.ts'
import { exists } from './folders.ts'
import { fileSlug } from './names.ts'

/** What can be done with the weights that a run left. */
export function checkpointHandlers(context: Context): Pick<Handlers, 'runs.checkpoints' | 'runs.export'> {
  const { store, folders } = context
  return {
    'runs.checkpoints': async ({ id }) => {
      if (!store.runs.get(id)) throw missing('run', id)
      const found = store.checkpoints.list(id).map((checkpoint) => located(context, checkpoint))
      return { checkpoints: await Promise.all(found) }
    },
    'runs.export': async ({ id, checkpoint: wanted, merge }) => {
      const run = requireRun(store, id)
      const checkpoint = await requireCheckpoint(context, id, wanted)
      const name = `${fileSlug(run.name)}-step-${checkpoint.step}${merge ? '-merged' : ''}`
      return writeExport(context, run, checkpoint, await freeName(join(folders.exports, name)), merge)
    },
  }
}

/** A checkpoint as a folder for others, with its model card. Throws as exportCheckpoint. */
export function writeExport(
  { store, folders }: Context,
  run: Run,
  { path, metrics }: Checkpoint,
  destination: string,
  merge: boolean,
): ReturnType<typeof exportCheckpoint> {
  const model = store.models.get(run.model.id)?.model
  const card = {
    name: run.name,
    // A model of the hub is named by its place there; one of a person's own by its name here.
    baseModel: model?.source.includes('/') && lineageOf(model) === null ? model.source : run.model.name,
    licence: model?.licence,
    dataset: run.dataset.name,
    metrics,
    settings: run.config,
  }
  const options = { task: run.config.task, labels: run.plan?.labels ?? [], card, merge }
  return exportCheckpoint(path, folders.of('models', run.model.id), destination, options)
}

async function located({ folders }: Context, { folder, ...checkpoint }: StoredCheckpoint): Promise<Checkpoint> {
  const path = join(folders.of('runs', checkpoint.run), folder)
  return { ...checkpoint, path, optimizerBytes: await optimizerBytes(path) }
}

/** Bytes of a checkpoint's optimizer state; 0 where it has none (any more). `own`: 0 too where another run has it as well. */
export async function optimizerBytes(checkpointDir: string, { own = false } = {}): Promise<number> {
  const found = await stat(join(checkpointDir, optimizerFile)).catch(() => null)
  return found === null || (own && found.nlink > 1) ? 0 : found.size
}

/** By what it is, or by its step. Throws not_found with what there is instead. */
export async function requireCheckpoint(
  context: Context,
  run: string,
  wanted: 'best' | 'last' | number,
): Promise<Checkpoint> {
  const all = context.store.checkpoints.list(run)
  const found = all.find((checkpoint) => (typeof wanted === 'number' ? checkpoint.step === wanted : checkpoint[wanted]))
  if (!found) {
    const sentence =
      typeof wanted === 'number' && all.length > 0
        ? `has no checkpoint of step ${wanted}; there are those of ${all.map(({ step }) => step).join(', ')}`
        : `has no ${typeof wanted === 'number' ? '' : `${wanted} `}checkpoint: it ended before one was written`
    throw new AttuneError('not_found', `The run ${run} ${sentence}.`, { run })
  }
  const checkpoint = await located(context, found)
  if (await exists(checkpoint.path)) return checkpoint
  throw new AttuneError('not_found', `The checkpoint ${checkpoint.path} is recorded but no longer on the disk.`, {
    run,
  })
}

async function freeName(path: string): Promise<string> {
  if (!(await exists(path))) return path
  for (let number = 2; ; number++) {
    if (!(await exists(`${path}-${number}`))) return `${path}-${number}`
  }
}
