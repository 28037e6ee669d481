import { Worker } from 'node:worker_threads'
import type { Parts } from './parts.ts'
import type { FromSharer, SharerSpec } from './shared-thread.ts'

/**
 * Sessions in threads of one process, as two runs at once have them: all begin together when all are warm, and are
 * compared until the first of them has done its steps.
 */
export async function measureShared(spec: Parts['shared']['spec']): Promise<Parts['shared']['result']> {
  const { sessions, ...each } = spec
  const sharers = Array.from({ length: sessions }, () => startSharer(each))
  try {
    await Promise.all(sharers.map(({ warm }) => warm))
    for (const { worker } of sharers) worker.postMessage('go')
    const ends = await Promise.all(sharers.map(({ done }) => done))
    const window = Math.min(...ends.map((endMs) => endMs.at(-1) as number))
    return { stepsPerSecond: ends.map((endMs) => rateUntil(endMs, window)) }
  } finally {
    await Promise.all(sharers.map(({ worker }) => worker.terminate()))
  }
}

/** Steps a second of those that had ended by then. `endMs` counts from the common beginning. */
export function rateUntil(endMs: readonly number[], window: number): number {
  const counted = endMs.filter((end) => end <= window)
  const last = counted.at(-1)
  return last === undefined ? 0 : counted.length / (last / 1000)
}

function startSharer(workerData: SharerSpec) {
  const worker = new Worker(new URL('./shared-thread.ts', import.meta.url), { workerData })
  const warm = Promise.withResolvers<void>()
  const done = Promise.withResolvers<readonly number[]>()
  worker.on('message', (message: FromSharer) => {
    if (message === 'warm') warm.resolve()
    else done.resolve(message)
  })
  const fail = (thrown: unknown) => {
    warm.reject(thrown)
    done.reject(thrown)
  }
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('a thread of the benchmark ended before its time')))
  // Whoever waits for the one is told by it; the other must not end the process meanwhile.
  warm.promise.catch(() => {})
  done.promise.catch(() => {})
  return { worker, warm: warm.promise, done: done.promise }
}
