import type { Context } from './context.ts'

/** How late another process's commits are seen here. */
const lookEveryMs = 300

/**
 * Announces what other processes on the same data home commit, as if it had happened here. SQLite says that something
 * was committed; the revisions say what. `onChange` is called at every look, changed or not.
 */
export function watchNeighbours(context: Context, onLook: () => void): { close(): void } {
  const { store, bus } = context
  let version = store.dataVersion()
  let datasets = store.datasets.signature()
  let models = store.models.signature()
  let queue = queueSignature(context)
  const revisions = new Map(store.runs.cursors().map(({ id, revision }) => [id, revision]))
  // What is announced here is known already.
  const unsubscribe = bus.subscribe((event) => {
    if (event.type === 'run') revisions.set(event.id, event.revision)
  })

  const announceChanges = () => {
    const now = store.dataVersion()
    if (now === version) return
    version = now
    for (const cursor of store.runs.cursors()) {
      if (revisions.get(cursor.id) !== cursor.revision) bus.emit({ type: 'run', ...cursor })
    }
    if (queue !== queueSignature(context)) {
      queue = queueSignature(context)
      bus.emit({ type: 'queue' })
    }
    if (datasets !== store.datasets.signature()) {
      datasets = store.datasets.signature()
      bus.emit({ type: 'datasets' })
    }
    if (models !== store.models.signature()) {
      models = store.models.signature()
      bus.emit({ type: 'models' })
    }
  }

  const timer = setInterval(() => {
    try {
      announceChanges()
      onLook()
    } catch {
      // The database is busy or the disk full for now. Whoever asks something is told; here the next look is soon.
    }
  }, lookEveryMs)
  // Only the runs themselves keep a process.
  timer.unref()
  return {
    close() {
      clearInterval(timer)
      unsubscribe()
    },
  }
}

/** Whether the queue rests, and its order. */
function queueSignature({ store }: Context): string {
  return JSON.stringify([store.preferences.get('queuePaused'), store.queue.waiting()])
}
