import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { exportCheckpoint } from '../checkpoint/export.ts'
import { optimizerFile } from '../checkpoint/training-state.ts'
import { type Checkpoint, lineageOf, type Prediction, type Run } from '../contract/domain.ts'
import { AttuneError, fromErrorPayload } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import type { StoredCheckpoint } from '../store/queries/checkpoints.ts'
import type { WorkerHandle } from '../worker/handle.ts'
import type { PredictSpec } from '../worker/protocol.ts'
import type { Context } from './context.ts'
import { missing, requireRun } from './find.ts'
import { exists } from './folders.ts'
import { fileSlug } from './names.ts'

/** What can be done with the weights that a run left. `close` ends predictions under way. */
export function checkpointHandlers(context: Context): {
  handlers: Pick<Handlers, 'runs.checkpoints' | 'runs.export' | 'runs.predict'>
  close(): Promise<void>
} {
  const { store, folders, deps } = context
  const predictor = new Predictor(context)
  return {
    close: () => predictor.close(),
    handlers: {
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
      'runs.predict': async ({ id, checkpoint: wanted, texts, fields }) => {
        const run = requireRun(store, id)
        const checkpoint = await requireCheckpoint(context, id, wanted)
        const labels = run.plan?.labels ?? []
        const predictions = await predictor.predict({
          kind: 'predict',
          checkpointDir: checkpoint.path,
          modelDir: folders.of('models', run.model.id),
          config: run.config,
          labels,
          texts,
          fields,
          threads: deps.threads,
        })
        return { labels, predictions }
      },
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

/** One prediction at a time: each loads a model, and all share the machine with training. */
class Predictor {
  private readonly context: Context
  private last: Promise<unknown> = Promise.resolve()
  private readonly running = new Set<WorkerHandle>()

  constructor(context: Context) {
    this.context = context
  }

  predict(spec: PredictSpec): Promise<Prediction[]> {
    const result = this.last.then(() => this.run(spec))
    this.last = result.catch(() => {})
    return result
  }

  async close(): Promise<void> {
    await Promise.all([...this.running].map((handle) => handle.terminate()))
  }

  private run(spec: PredictSpec): Promise<Prediction[]> {
    const { deps } = this.context
    return new Promise((resolve, reject) => {
      const predictions: Prediction[] = []
      const over = (settle: () => void) => {
        this.running.delete(handle)
        settle()
      }
      const handle = deps.startWorker(spec, {
        events: () => {},
        predictions: (told) => {
          predictions.push(...told)
        },
        done: () => over(() => resolve(predictions)),
        failed: (error) => over(() => reject(fromErrorPayload(error))),
      })
      this.running.add(handle)
    })
  }
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
