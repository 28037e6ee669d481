import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Prediction } from '../../../core/contract/domain.ts'
import type { ErrorPayload } from '../../../core/contract/errors.ts'
import { startWorker, type WorkerHandle } from '../../../core/worker/handle.ts'
import type { PredictSpec, RunEvent, TrainSpec } from '../../../core/worker/protocol.ts'
import { askedOf, ofKind, seriesOf, tinySpec } from '../train/fixture.ts'

interface Ended {
  groups: { seq: number; events: readonly RunEvent[] }[]
  events: RunEvent[]
  predictions: readonly Prediction[]
  error: ErrorPayload | null
}

/** A real thread, until it says that it is done or failed. */
function runWorker(
  spec: TrainSpec | PredictSpec,
  onEvents: (handle: WorkerHandle, events: readonly RunEvent[]) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const ended: Ended = { groups: [], events: [], predictions: [], error: null }
    const handle = startWorker(spec, {
      events(seq, events) {
        ended.groups.push({ seq, events })
        ended.events.push(...events)
        onEvents(handle, ended.events)
      },
      predictions: (predictions) => {
        ended.predictions = predictions
      },
      done: () => resolve(ended),
      failed: (error) => resolve({ ...ended, error }),
    })
  })
}

describe('a thread', () => {
  test('trains, telling everything in numbered groups, and predicts', async () => {
    const spec = await tinySpec({ num_train_epochs: 2 })
    const { groups, events, error } = await runWorker(spec)
    expect(error).toBeNull()
    expect(groups.map(({ seq }) => seq)).toEqual(groups.map((_, i) => i))
    expect(seriesOf(events, 'train/loss').map(({ step }) => step)).toEqual([1, 2, 3, 4])
    expect(events.at(-1)).toMatchObject({ kind: 'result', outcome: 'finished' })

    const checkpointDir = join(spec.runDir, 'checkpoint-4')
    const texts = ['win money now', 'the kernel patch']
    const told = await runWorker({ ...askedOf(spec, checkpointDir), texts })
    expect(told.error).toBeNull()
    expect(told.predictions).toHaveLength(2)
    for (const { scores } of told.predictions) expect(scores.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6)
  })

  test('hears a stop while it predicts', async () => {
    const spec = await tinySpec({ num_train_epochs: 1 })
    await runWorker(spec)
    const texts = Array.from({ length: 2000 }, (_, i) => `win money now ${i}`)
    const asked = { ...askedOf(spec, join(spec.runDir, 'checkpoint-2')), texts }
    const { events, error, predictions } = await runWorker(asked, (handle) => handle.stop(false))
    expect(ofKind(events, 'phase')[0]).toMatchObject({ phase: 'loading' })
    expect(error).toMatchObject({ code: 'stopped' })
    expect(predictions).toEqual([])
  })

  test('trains on while another one predicts, and both get on', async () => {
    const first = await tinySpec({ num_train_epochs: 2 })
    await runWorker(first)
    const checkpointDir = join(first.runDir, 'checkpoint-4')
    const texts = Array.from({ length: 200 }, (_, i) => `win money now ${i}`)
    let before = 0
    let beside = 0
    const training = runWorker(
      await tinySpec({ max_steps: 1_000_000, eval_steps: 1_000_000 }),
      async (handle, events) => {
        const steps = ofKind(events, 'metrics').length
        if (steps === 0 || before > 0) return
        before = steps
        const told = await runWorker({ ...askedOf(first, checkpointDir), texts })
        expect(told.predictions).toHaveLength(200)
        beside = ofKind(events, 'metrics').length - before
        handle.stop(false)
      },
    )
    const { error } = await training
    expect(error).toBeNull()
    expect(beside).toBeGreaterThan(0)
  })

  test('hears a stop while it computes without pause', async () => {
    const { events, error } = await runWorker(
      await tinySpec({ max_steps: 1_000_000, eval_steps: 1_000_000 }),
      (handle, events) => {
        if (ofKind(events, 'metrics').length > 0) handle.stop(true)
      },
    )
    expect(error).toBeNull()
    expect(events.at(-1)).toMatchObject({ kind: 'result', outcome: 'stopped' })
    const last = seriesOf(events, 'train/loss').at(-1)?.step as number
    expect(last).toBeLessThan(1_000_000)
    expect(ofKind(events, 'checkpoint').at(-1)).toMatchObject({ step: last, last: true })
  })

  test('names what went wrong', async () => {
    const { error } = await runWorker({ ...(await tinySpec()), modelDir: join(import.meta.dirname, 'nowhere') })
    expect(error).toMatchObject({ code: 'not_found', message: expect.stringContaining('config.json') })
  })
})
