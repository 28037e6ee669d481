import type { Run } from '../contract/domain.ts'
import { AttuneError, fromErrorPayload } from '../contract/errors.ts'
import { type Pace, pacedTasks } from '../contract/pace.ts'
import type { Cancellations } from './cancellations.ts'
import type { Context } from './context.ts'
import { requireDataset, requireModel } from './find.ts'

/** Throws AttuneError: unsupported (another kind of data), busy (a run trains, and both would be slow), not_found. */
export function paceOf(context: Context, run: Run, cancellations: Cancellations): Promise<Pace> {
  const { store, folders, deps, bus } = context
  const { config, id, name } = run
  if (!pacedTasks.includes(config.task)) {
    throw new AttuneError('unsupported', `${name} is for ${config.task}: its steps are not timed by length of text.`)
  }
  if (store.queue.active().length > 0) {
    throw new AttuneError('busy', 'A run is being trained: times taken beside it would say little. Wait for its end.')
  }
  const modelDir = folders.of('models', requireModel(store, run.model.id).id)
  const labels = requireDataset(store, run.dataset.id).labels.map(({ label }) => label)
  const start = deps.startProcess ?? deps.startWorker
  return new Promise((resolve, reject) => {
    let pace: Pace | null = null
    const end = (settle: () => void) => {
      forget()
      settle()
    }
    const handle = start(
      { kind: 'pace', config, modelDir, labels, threads: deps.threads },
      {
        events(_seq, events) {
          for (const event of events) {
            if (event.kind !== 'phase') continue
            const { done = 0, total = null } = event
            bus.emit({ type: 'progress', task: id, label: `Timing steps of ${name}`, done, total })
          }
        },
        pace: (told) => {
          pace = told
        },
        done: () => end(() => (pace ? resolve(pace) : reject(new AttuneError('internal', 'No step was timed.')))),
        failed: (error) => end(() => reject(fromErrorPayload(error))),
      },
    )
    const forget = cancellations.add(id, () => {
      void handle.terminate()
      end(() => reject(new AttuneError('stopped', 'Timing steps was cancelled.')))
    })
  })
}
