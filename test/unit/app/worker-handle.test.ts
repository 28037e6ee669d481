import { describe, expect, test } from 'vitest'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import { type PortListeners, startOver } from '../../../core/worker/handle.ts'
import { type PredictSpec, stopValues, stopWord, type ToWorker } from '../../../core/worker/protocol.ts'

const spec: PredictSpec = {
  kind: 'predict',
  checkpointDir: '/c',
  modelDir: '/m',
  datasetDir: '/d',
  config: runConfigSchema.parse({ model: 'm', dataset: 'd', learning_rate: 1 }),
  labels: ['a'],
  texts: ['x'],
  threads: 1,
}

/** A handle over a port whose other end is this test. */
function started() {
  const told: string[] = []
  const posted: ToWorker[] = []
  let closed = 0
  let far: PortListeners | undefined
  const handle = startOver(
    (on) => {
      far = on
      return {
        post: (message) => posted.push(message),
        close: async () => {
          closed++
        },
      }
    },
    spec,
    {
      events: (seq) => told.push(`events ${seq}`),
      predictions: () => told.push('predictions'),
      done: () => told.push('done'),
      failed: ({ code }) => told.push(`failed ${code}`),
    },
  )
  return { handle, told, posted, far: far as PortListeners, closed: () => closed }
}

describe("a worker's handle", () => {
  test('passes on what comes, in order, and ends once', () => {
    const { told, far, closed } = started()
    far.message({ type: 'events', seq: 0, events: [] })
    far.message({ type: 'predictions', predictions: [] })
    far.message({ type: 'done' })
    far.broke({ code: 'internal', message: 'It ended.' })
    far.message({ type: 'events', seq: 1, events: [] })
    expect(told).toEqual(['events 0', 'predictions', 'done'])
    expect(closed()).toBe(1)
  })

  test('tells one failure, whichever comes first', () => {
    const { told, far } = started()
    far.message({ type: 'failed', error: { code: 'diverged', message: 'NaN.' } })
    far.broke({ code: 'internal', message: 'It ended.' })
    expect(told).toEqual(['failed diverged'])
  })

  test('says nothing once it was terminated', async () => {
    const { handle, told, far } = started()
    await handle.terminate()
    far.message({ type: 'done' })
    far.broke({ code: 'internal', message: 'It ended.' })
    expect(told).toEqual([])
  })

  test('stops by the shared word', () => {
    const { handle, posted } = started()
    const [start] = posted
    const word = () => Atomics.load(new Int32Array(start?.control as SharedArrayBuffer), stopWord)
    expect([start?.spec, word()]).toEqual([spec, stopValues.none])
    handle.stop(true)
    expect(word()).toBe(stopValues.keep)
    handle.stop(false)
    expect(word()).toBe(stopValues.discard)
  })
})
