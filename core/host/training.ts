import type { App } from '../app/create-app.ts'
import type { StartWorker } from '../worker/handle.ts'

/** The run that trains in this process, as the host sees its worker start and end. */
export interface Training {
  /** Given to the app in place of the one it wraps. */
  readonly startWorker: StartWorker
  /** Resolves when no worker trains here: a run's record ends a moment before its worker does. */
  idle(): Promise<void>
  /**
   * Lets the run that trains here stop after its present step and save its weights; resolves when it has. No other run
   * begins here afterwards: for the end of a process, right before `app.close()`.
   */
  settle(app: Pick<App, 'handlers'>): Promise<void>
}

export function watchTraining(startWorker: StartWorker): Training {
  let current: { readonly id: string; readonly ended: Promise<void> } | null = null
  let settling = false

  const idle = async () => {
    while (current) await current.ended
  }

  return {
    idle,
    startWorker(spec, on) {
      if (spec.kind !== 'train') return startWorker(spec, on)
      const { promise, resolve } = Promise.withResolvers<void>()
      current = { id: spec.run, ended: promise }
      const end = () => {
        if (current?.ended === promise) current = null
        resolve()
      }
      const handle = startWorker(spec, {
        ...on,
        done() {
          end()
          // By now the run's own result is on record. Told of it, the app would begin the next one in the queue.
          if (!settling) on.done()
        },
        failed(error) {
          end()
          on.failed(error)
        },
      })
      return {
        stop: (keep) => handle.stop(keep),
        pause: () => handle.pause(),
        async terminate() {
          await handle.terminate()
          end()
        },
      }
    },
    async settle({ handlers }) {
      settling = true
      if (!current) return
      const { run } = await handlers['runs.get']({ id: current.id })
      if (run.state === 'running') await handlers['runs.stop']({ id: run.id, keep: true })
      await idle()
    },
  }
}
