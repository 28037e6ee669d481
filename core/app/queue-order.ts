import type { Queue } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Handlers, ParsedInput } from '../contract/methods.ts'
import type { Context } from './context.ts'
import { requireRun } from './find.ts'
import type { RunQueue } from './queue.ts'

/** What people do with the queue as a whole; what it does by itself is in queue.ts. */
export function queueHandlers(
  { store, bus }: Context,
  queue: RunQueue,
): Pick<Handlers, 'queue.get' | 'queue.pause' | 'queue.move'> {
  const present = (): Queue => ({
    paused: store.preferences.get('queuePaused'),
    runs: store.queue.waiting().map(({ id }) => id),
  })
  return {
    'queue.get': present,
    'queue.pause': ({ paused }) => {
      store.transact(() => store.preferences.set('queuePaused', paused), { durable: true })
      bus.emit({ type: 'queue' })
      if (!paused) setImmediate(() => queue.lookSafely())
      return present()
    },
    'queue.move': ({ id, to }) => {
      const { state } = requireRun(store, id)
      store.transact(() => {
        const { runs } = present()
        if (!runs.includes(id)) {
          throw new AttuneError(
            'conflict',
            `The run ${id} is ${state}: only a run that waits in the queue can be moved.`,
            {
              id,
              state,
            },
          )
        }
        store.queue.arrange(moved(runs, id, to))
      })
      bus.emit({ type: 'queue' })
      return present()
    },
  }
}

/** The order with one of its members moved; at an end already, it stays. */
export function moved(order: readonly string[], id: string, to: ParsedInput<'queue.move'>['to']): string[] {
  const at = order.indexOf(id)
  const place = { front: 0, up: Math.max(0, at - 1), down: at + 1, back: order.length }[to]
  return order.filter((other) => other !== id).toSpliced(place, 0, id)
}
