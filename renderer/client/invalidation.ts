import type { AppEvent } from '../../core/contract/events.ts'
import type { MethodName } from '../../core/contract/methods.ts'

/** A cached call, as its key: `[method, input]`. */
export type CallKey = readonly [method: MethodName, input: unknown]

const perRun: readonly MethodName[] = ['runs.get', 'runs.log', 'runs.checkpoints', 'runs.confusion', 'metrics.series']
const comparing: readonly MethodName[] = ['comparisons.get', 'comparisons.outputs']

/** Whether what a call returned may be out of date after these events. */
export function isStale([method, input]: CallKey, events: Iterable<AppEvent>): boolean {
  for (const event of events) {
    // The file of a row never changes.
    if (event.type === 'datasets' && method.startsWith('datasets.') && method !== 'datasets.media') return true
    if (event.type === 'models' && method.startsWith('models.')) return true
    if (event.type === 'generation' && method === 'generations.get' && concerns(input, event.id)) return true
    if (event.type === 'queue' && method === 'queue.get') return true
    if (event.type === 'run') {
      if (method === 'runs.list' || method === 'queue.get') return true
      // A comparison shows how far a run's repeats lie apart, and any run may be one.
      if (method === 'comparisons.get' && event.state === 'finished') return true
      if ((perRun.includes(method) || comparing.includes(method)) && concerns(input, event.id)) return true
    }
  }
  return false
}

function concerns(input: unknown, run: string): boolean {
  if (typeof input !== 'object' || input === null) return false
  if ('id' in input && input.id === run) return true
  return 'runs' in input && Array.isArray(input.runs) && input.runs.includes(run)
}

export interface Batcher {
  add(event: AppEvent): void
  cancel(): void
}

/**
 * Gathers events and hands them over together: the first at once, then at most one group each `everyMs`.
 * Of several events on one run only the latest is kept.
 */
export function batchEvents(everyMs: number, flush: (events: readonly AppEvent[]) => void): Batcher {
  let pending = new Map<string, AppEvent>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const send = () => {
    const events = [...pending.values()]
    pending = new Map()
    if (events.length === 0) {
      timer = undefined
      return
    }
    timer = setTimeout(send, everyMs)
    flush(events)
  }
  return {
    add(event) {
      pending.set('id' in event ? `${event.type} ${event.id}` : event.type, event)
      if (timer === undefined) send()
    },
    cancel() {
      clearTimeout(timer)
      timer = undefined
      pending.clear()
    },
  }
}
