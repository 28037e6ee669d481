import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openShape, type ShapeSpec } from './open-shape.ts'

/** What runs in a thread of measureShared: opens a session, says that it is warm, and takes its steps when told to. */

export interface SharerSpec extends ShapeSpec {
  readonly steps: number
  readonly warmUp: number
}

/** "warm", then the end of each step in milliseconds after the word to begin. */
export type FromSharer = 'warm' | readonly number[]

if (isMainThread || !parentPort) throw new Error('shared-thread.ts is the script of a worker thread')
const port = parentPort
const { steps, warmUp, ...spec } = workerData as SharerSpec
const { session, step } = await openShape(spec)
const take = (number: number) => {
  const { program, feeds } = step(number)
  session.run(program, feeds)
}
for (let number = 1; number <= warmUp; number++) take(number)
port.once('message', () => {
  const begun = performance.now()
  const endMs: number[] = []
  for (let number = warmUp + 1; number <= warmUp + steps; number++) {
    take(number)
    endMs.push(performance.now() - begun)
  }
  session.close()
  port.postMessage(endMs satisfies FromSharer)
})
port.postMessage('warm' satisfies FromSharer)
