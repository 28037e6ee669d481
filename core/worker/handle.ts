import { Worker, type WorkerOptions } from 'node:worker_threads'
import type { Prediction } from '../contract/domain.ts'
import { type ErrorPayload, toErrorPayload } from '../contract/errors.ts'
import type { FinishReason } from '../contract/generation.ts'
import type { Pace } from '../contract/pace.ts'
import type { Preflight } from '../contract/preflight.ts'
import { processPort } from './process-port.ts'
import {
  controlWords,
  type FromWorker,
  type RunEvent,
  stopValues,
  stopWord,
  type ToWorker,
  type WorkSpec,
} from './protocol.ts'

/** What a worker tells its owner. Exactly one of `done` and `failed` comes, last; neither after `terminate`. */
export interface WorkerListeners {
  events(seq: number, events: readonly RunEvent[]): void
  predictions?(predictions: readonly Prediction[]): void
  preflight?(preflight: Preflight): void
  pace?(pace: Pace): void
  /** Only of a generation. */
  text?(row: number, text: string): void
  textEnd?(row: number, reason: FinishReason, tokens: number): void
  done(): void
  failed(error: ErrorPayload): void
}

export interface WorkerHandle {
  /** Asks for the end: after the present step with the weights written, or at once. The worker still says `done`. */
  stop(keep: boolean): void
  /** Asks for the end after the present step, with all written that is needed to go on exactly there. */
  pause(): void
  /** Ends it wherever it is. What it tells until then still comes, as what it wrote is on the disk; its end does not. */
  terminate(): Promise<void>
}

/** The wire to wherever the work is done: a thread here, another process or machine elsewhere. */
export interface Port {
  post(message: ToWorker): void
  close(): Promise<void>
}

export interface PortListeners {
  message(message: FromWorker): void
  /** It ended without being asked to, or a message could not be read. At most once, nothing after it. */
  broke(error: ErrorPayload): void
}

export type OpenPort = (on: PortListeners) => Port

export type StartWorker = (spec: WorkSpec, on: WorkerListeners) => WorkerHandle

// The extension is that of this file: .ts in the sources, .js in a build.
const script = (name: string) =>
  new URL(`./${name}${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

/** One lock for all threads of this process. */
const firstUse = new SharedArrayBuffer(4)

/** Starts work in a thread of its own. Returns at once; failures are told, never thrown. */
export const startWorker: StartWorker = (spec, on) => startOver(threadPort(script('entry')), spec, on)

/** The same in a process of its own, whose memory the system has back when it ends; `stop` and `pause` do nothing. */
export const startProcess: StartWorker = (spec, on) => startOver(processPort(script('process-entry')), spec, on)

/** The same over any port. */
export function startOver(open: OpenPort, spec: WorkSpec, on: WorkerListeners): WorkerHandle {
  const control = new SharedArrayBuffer(4 * controlWords)
  let ended = false
  let ending = false
  const end = (tell: () => void) => {
    if (ended) return
    ended = true
    tell()
    void port.close()
  }
  const port = open({
    message(message) {
      if (ended && !(ending && message.type === 'events')) return
      if (message.type === 'events') on.events(message.seq, message.events)
      else if (message.type === 'predictions') on.predictions?.(message.predictions)
      else if (message.type === 'preflight') on.preflight?.(message.preflight)
      else if (message.type === 'pace') on.pace?.(message.pace)
      else if (message.type === 'text') on.text?.(message.row, message.text)
      else if (message.type === 'text-end') on.textEnd?.(message.row, message.reason, message.tokens)
      else if (message.type === 'done') end(() => on.done())
      else end(() => on.failed(message.error))
    },
    broke: (error) => end(() => on.failed(error)),
  })
  port.post({ type: 'start', spec, control, firstUse })
  const ask = (value: number) => void Atomics.store(new Int32Array(control), stopWord, value)
  return {
    stop: (keep) => ask(keep ? stopValues.keep : stopValues.discard),
    pause: () => ask(stopValues.pause),
    async terminate() {
      ending = !ended
      ended = true
      // A thread that heeds it ends by itself, which is the safe way: see threadPort.
      ask(stopValues.discard)
      await port.close()
    },
  }
}

/** How long a thread that was asked to end may take: a step of a large model takes some seconds. */
const patienceMs = 5000

/**
 * A port to a worker thread that runs the module at `entry`. Closing it waits a while for the thread's own end before it
 * is terminated: one that is terminated inside a call of TensorFlow's binding can take the whole process down with it.
 */
export function threadPort(entry: URL, options: WorkerOptions = {}): OpenPort {
  return (on) => {
    // What libraries print must not mix with what a command prints.
    const worker = new Worker(entry, { ...options, stdout: true })
    worker.stdout.pipe(process.stderr, { end: false })
    let over = false
    const broke = (error: ErrorPayload) => {
      if (over) return
      over = true
      on.broke(error)
    }
    worker.on('message', (message: FromWorker) => {
      if (!over) on.message(message)
    })
    worker.on('error', (error) => broke(nameThreadError(error)))
    worker.on('messageerror', (error) => {
      broke({ code: 'internal', message: `A message of the worker could not be read: ${error.message}` })
    })
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.on('exit', (code) => {
      broke({ code: 'internal', message: `The worker ended with exit code ${code} before it was done.` })
    })
    return {
      post: (message) => worker.postMessage(message),
      async close() {
        over = true
        const timer = setTimeout(() => void worker.terminate(), patienceMs)
        await exited
        clearTimeout(timer)
      },
    }
  }
}

function nameThreadError(error: unknown): ErrorPayload {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return {
      code: 'out_of_memory',
      message:
        'The run needed more memory than there is. Try a smaller per_device_train_batch_size or max_length, or fewer rows.',
    }
  }
  return toErrorPayload(error)
}
