import type { Prediction, Run } from '../contract/domain.ts'
import { AttuneError, fromErrorPayload } from '../contract/errors.ts'
import type { Handlers, ParsedInput } from '../contract/methods.ts'
import { mediaOf, readsFilesAlone } from '../contract/roles.ts'
import { writingTasks } from '../contract/settings.ts'
import type { WorkerHandle } from '../worker/handle.ts'
import type { InputFile, PredictSpec, RunEvent } from '../worker/protocol.ts'
import { createCancellations } from './cancellations.ts'
import { requireCheckpoint } from './checkpoints.ts'
import type { Context } from './context.ts'
import { requireRun } from './find.ts'

type Asked = ParsedInput<'runs.predict'>

/** What the weights of runs say to inputs, one prediction at a time: each loads a model, and all share the machine with training. */
export class Predictions {
  private readonly context: Context
  private readonly cancellations = createCancellations()
  private last: Promise<unknown> = Promise.resolve()
  private running: WorkerHandle | null = null
  private closed = false

  constructor(context: Context) {
    this.context = context
  }

  get handlers(): Pick<Handlers, 'runs.predict' | 'runs.cancelPrediction'> {
    const { store, folders, deps } = this.context
    return {
      'runs.predict': async (asked) => {
        const run = requireRun(store, asked.id)
        const inputs = this.inputsOf(run, asked)
        const checkpoint = await requireCheckpoint(this.context, run.id, asked.checkpoint)
        const labels = run.plan?.labels ?? []
        const spec: PredictSpec = {
          kind: 'predict',
          checkpointDir: checkpoint.path,
          modelDir: folders.of('models', run.model.id),
          datasetDir: folders.of('datasets', run.dataset.id),
          config: run.config,
          labels,
          ...inputs,
          threads: deps.threads,
        }
        return { labels, predictions: await this.inTurn(spec, asked.task) }
      },
      'runs.cancelPrediction': ({ task }) => {
        this.cancellations.cancel(task)
        return {}
      },
    }
  }

  /** Ends the one under way; those that wait are not begun. */
  async close(): Promise<void> {
    this.closed = true
    await this.running?.terminate()
  }

  /** What is asked of a run. Throws AttuneError: unsupported, bad_request (inputs without what the task reads), not_found. */
  private inputsOf({ name, config: { task } }: Run, { texts, fields, files }: Asked) {
    if (writingTasks.includes(task)) {
      const message = `The run ${name} was trained for ${task}: it writes texts. Let it write instead of predicting.`
      throw new AttuneError('unsupported', message)
    }
    const media = mediaOf(task)
    const refuse = (what: string) => new AttuneError('bad_request', `The run ${name} was trained for ${task}: ${what}.`)
    if (media === null && files) throw refuse('it reads no files')
    if (media !== null && !files) throw refuse(`each input needs ${media === 'image' ? 'a picture' : 'a clip'}`)
    const found = files?.map((file) => this.fileOf(file))
    const named = readsFilesAlone(task) ? found?.map(calledOf) : undefined
    const inputs = texts ?? named
    if (!inputs) throw refuse('each input needs a text')
    if (inputs.length !== (found ?? inputs).length || inputs.length !== (fields ?? inputs).length) {
      throw refuse('texts, fields and files have to be as many as each other')
    }
    return { texts: inputs, fields, files: found }
  }

  private fileOf(file: string | { readonly row: number }): InputFile {
    return typeof file === 'string' ? this.context.files.resolve(file) : file
  }

  private inTurn(spec: PredictSpec, task: string | undefined): Promise<Prediction[]> {
    const cancelled = new AbortController()
    const forget = task === undefined ? () => {} : this.cancellations.add(task, () => cancelled.abort())
    const result = this.last.then(() => this.run(spec, task, cancelled.signal)).finally(forget)
    this.last = result.catch(() => {})
    return result
  }

  private async run(spec: PredictSpec, task: string | undefined, signal: AbortSignal): Promise<Prediction[]> {
    if (this.closed || signal.aborted) throw stopped()
    const { promise, resolve, reject } = Promise.withResolvers<Prediction[]>()
    let told: readonly Prediction[] = []
    const handle = this.context.deps.startWorker(spec, {
      events: (_seq, events) => this.tell(task, events),
      predictions: (predictions) => {
        told = predictions
      },
      done: () => resolve([...told]),
      failed: (error) => reject(fromErrorPayload(error)),
    })
    this.running = handle
    signal.addEventListener('abort', () => void handle.terminate().then(() => reject(stopped()), reject))
    try {
      return await promise
    } finally {
      this.running = null
    }
  }

  private tell(task: string | undefined, events: readonly RunEvent[]): void {
    if (task === undefined) return
    for (const event of events) {
      if (event.kind !== 'phase') continue
      const { done = 0, total = null } = event
      this.context.bus.emit({ type: 'progress', task, label: 'Predicting', done, total })
    }
  }
}

/** What messages call it, and what the input reads as where it is all of it. */
function calledOf(file: InputFile): string {
  return 'row' in file ? `Row ${file.row}` : file.fileName
}

function stopped(): AttuneError {
  return new AttuneError('stopped', 'The prediction was cancelled.')
}
