import { Worker } from 'node:worker_threads'
import { AttuneError, type ErrorPayload, fromErrorPayload } from '../contract/errors.ts'
import { rowStoreBytes } from '../data/row-store.ts'
import { type DataSpec, prepareData, type RunData } from './prepare.ts'
import { type SharedData, unshare } from './shared-rows.ts'

export type FromDataThread =
  | { type: 'progress'; done: number; total: number }
  | { type: 'done'; prepared: SharedData }
  | { type: 'failed'; error: ErrorPayload }

/** A run's data while it is being prepared. */
export interface DataSource {
  /**
   * Waits for the data. `onProgress` is told now and then, also while nothing moves, and may throw to stop. Rejects as
   * `prepareData` does.
   */
  result(onProgress: (done: number, total: number) => void): Promise<RunData>
  /** Ends the preparation, if it is still going on. */
  close(): void
}

/** Less than this is tokenised sooner than a thread has started. */
const threadPays = 2 ** 18
const intervalMs = 100

// The extension is that of this file: .ts in the sources, .js in a build.
const entry = new URL(`./data-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

/** Begins to prepare a run's data, in a thread of its own where there is enough of it. */
export function startData(spec: DataSpec): DataSource {
  if (rowStoreBytes(spec.datasetDir) >= threadPays) return inThread(spec)
  return { result: (onProgress) => prepareData(spec, false, onProgress), close: () => {} }
}

function inThread(spec: DataSpec): DataSource {
  // What libraries print must not mix with what a command prints.
  const worker = new Worker(entry, { workerData: spec, stdout: true })
  worker.stdout.pipe(process.stderr, { end: false })
  let progress = { done: 0, total: 0 }
  const outcome = new Promise<RunData>((resolve, reject) => {
    worker.on('message', (message: FromDataThread) => {
      if (message.type === 'progress') progress = message
      else if (message.type === 'done') resolve(unshare(message.prepared))
      else reject(fromErrorPayload(message.error))
    })
    worker.on('error', (error) => reject(nameThreadError(error)))
    worker.on('exit', (code) => {
      reject(new AttuneError('internal', `The thread that tokenises ended with exit code ${code} before it was done.`))
    })
  })
  // Nobody may be waiting yet, or any more.
  outcome.catch(() => {})
  const close = () => void worker.terminate()
  return {
    close,
    async result(onProgress) {
      const watched = Promise.withResolvers<never>()
      const timer = setInterval(() => {
        try {
          onProgress(progress.done, progress.total)
        } catch (thrown) {
          watched.reject(thrown)
        }
      }, intervalMs)
      try {
        return await Promise.race([outcome, watched.promise])
      } finally {
        clearInterval(timer)
        close()
      }
    },
  }
}

function nameThreadError(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')) return error
  return new AttuneError(
    'out_of_memory',
    'The rows need more memory as tokens than there is. Try fewer rows (max_train_samples) or a smaller max_length.',
  )
}
