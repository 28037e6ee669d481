import type { Phase, Prediction, Run } from '../contract/domain.ts'
import { AttuneError, fromErrorPayload, predictionCancelled } from '../contract/errors.ts'
import type { Handlers, ParsedInput } from '../contract/methods.ts'
import { mediaOf, type RoleInfo, readBeside, readsFilesAlone } from '../contract/roles.ts'
import { writingTasks } from '../contract/settings.ts'
import { nearest } from '../util/nearest.ts'
import type { WorkerHandle } from '../worker/handle.ts'
import type { InputFile, PredictSpec, RunEvent } from '../worker/protocol.ts'
import { createCancellations } from './cancellations.ts'
import { requireCheckpoint } from './checkpoints.ts'
import type { Context } from './context.ts'
import { requireRun } from './find.ts'
import { newId } from './ids.ts'

type Asked = ParsedInput<'runs.predict'>

const phaseLabels: Partial<Record<Phase, string>> = {
  loading: 'Loading the model',
  tokenizing: 'Reading the inputs',
  predicting: 'Predicting',
}

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
        const labels = run.plan?.labels ?? []
        const predictions = await this.untilCancelled(asked.task, async (signal) => {
          const checkpoint = await requireCheckpoint(this.context, run.id, asked.checkpoint)
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
          return this.inTurn(spec, asked.task, signal)
        })
        return { labels, predictions }
      },
      'runs.cancelPrediction': ({ task }) => {
        this.cancellations.cancel(task)
        return {}
      },
    }
  }

  /** Cancels all, and ends the one under way. */
  async close(): Promise<void> {
    this.closed = true
    this.cancellations.cancelAll()
    await this.running?.terminate()
  }

  /** What is asked of a run. Throws AttuneError: unsupported, bad_request (inputs without what the task reads, or with more), not_found. */
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
    const beside = readBeside(task).filter(({ file }) => file === undefined)
    for (const i of inputs.keys()) {
      const problem = problemOf(fields?.[i] ?? {}, beside)
      if (problem !== null) throw refuse(`input ${i + 1} has ${problem}`)
    }
    return { texts: inputs, fields, files: found }
  }

  private fileOf(file: string | { readonly row: number }): InputFile {
    return typeof file === 'string' ? this.context.files.resolve(file) : file
  }

  /** What `act` comes to, which is told of a cancellation; the promise does not wait until it has wound up. */
  private async untilCancelled<T>(task: string | undefined, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.closed) throw predictionCancelled()
    const { promise: cancelled, reject } = Promise.withResolvers<never>()
    const abort = new AbortController()
    const forget = this.cancellations.add(task ?? newId(), () => {
      abort.abort()
      reject(predictionCancelled())
    })
    try {
      return await Promise.race([act(abort.signal), cancelled])
    } finally {
      forget()
    }
  }

  private inTurn(spec: PredictSpec, task: string | undefined, signal: AbortSignal): Promise<Prediction[]> {
    const result = this.last.then(() => this.run(spec, task, signal))
    this.last = result.catch(() => {})
    return result
  }

  private async run(spec: PredictSpec, task: string | undefined, signal: AbortSignal): Promise<Prediction[]> {
    if (signal.aborted) throw predictionCancelled()
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
    signal.addEventListener('abort', () => handle.stop(false))
    try {
      return await promise
    } finally {
      this.running = null
    }
  }

  private tell(task: string | undefined, events: readonly RunEvent[]): void {
    if (task === undefined) return
    for (const event of events) {
      const label = event.kind === 'phase' ? phaseLabels[event.phase] : undefined
      if (event.kind !== 'phase' || label === undefined) continue
      this.context.bus.emit({ type: 'progress', task, label, done: event.done ?? 0, total: event.total ?? null })
    }
  }
}

/** What an input has that it must not have, or lacks; null where it has what these roles want. */
function problemOf(fields: Readonly<Record<string, string>>, roles: readonly RoleInfo[]): string | null {
  const names = roles.map(({ name }) => name)
  const unknown = Object.keys(fields).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const near = nearest(unknown, names)
    const hint = near === null ? '' : ` (did you mean "${near}"?)`
    return `a field "${unknown}"${hint}; what it reads beside a text is ${names.join(', ') || 'nothing'}`
  }
  const lacking = roles.find(({ name, optional }) => !optional && (fields[name] ?? '').trim() === '')
  return lacking ? `no ${lacking.name}` : null
}

/** What messages call it, and what the input reads as where it is all of it. */
function calledOf(file: InputFile): string {
  return 'row' in file ? `Row ${file.row}` : file.fileName
}
