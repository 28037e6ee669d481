import { describe, expect, test } from 'vitest'
import { mostBytes, surelyFits } from '../../../core/app/surely-fits.ts'
import type { Dataset, Model } from '../../../core/contract/domain.ts'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import type { PreflightSpec, WorkSpec } from '../../../core/worker/protocol.ts'
import { plays } from '../../support/scripted-worker.ts'
import { importSample, openApp, temporaryPlace, until, untilState } from '../../support/small-app.ts'

/** The app with its sample and the tiny model, and the forecasts that its workers were asked for. */
async function smallApp() {
  const asked: PreflightSpec[] = []
  const note = (spec: WorkSpec) => {
    if (spec.kind === 'preflight') asked.push(spec)
  }
  const app = await openApp(temporaryPlace(), {}, note)
  const dataset = await importSample(app)
  return { ...app, asked, config: { model: 'minilm-l6', dataset, max_length: 32 } }
}

const endless = { adam_epsilon: plays.untilStopped }

describe('a forecast', () => {
  test('is worked out for the decided settings, tells how far it is, and is made anew when it is asked for again', async () => {
    const { call, config, asked, events } = await smallApp()
    const { preflight } = await call('runs.preflight', { config, task: 't1' })
    expect(preflight).toMatchObject({ verdict: 'fits', time: { source: 'graph', stepMs: 1000, tokensPerSecond: 320 } })
    expect(asked[0]).toMatchObject({ measure: false, config: { method: 'full', learning_rate: 5e-5 } })
    expect(events).toContainEqual({ type: 'progress', task: 't1', label: 'Reading the rows', done: 1, total: 2 })
    expect((await call('runs.preflight', { config })).preflight).toEqual(preflight)
    expect(asked).toHaveLength(2)
  })

  test('that was measured gives its pace to those that are only worked out', async () => {
    const { call, config } = await smallApp()
    const measured = await call('runs.preflight', { config, measure: true })
    expect(measured.preflight.time).toMatchObject({ source: 'steps', stepMs: 500, tokensPerSecond: 640 })
    const { preflight } = await call('runs.preflight', { config: { ...config, num_train_epochs: 1 } })
    // Training takes half as long as was worked out, and evaluation with it.
    expect(preflight.time).toMatchObject({ source: 'steps', stepMs: 500, tokensPerSecond: 640, seconds: 7 })
  })

  test('is not measured while a run trains, and says so', async () => {
    const { call, config, asked } = await smallApp()
    const { run } = await call('runs.create', { config: { ...config, ...endless } })
    await untilState({ call }, run.id, 'running')
    const { preflight } = await call('runs.preflight', { config, measure: true })
    expect(preflight.time).toMatchObject({ source: 'graph', note: 'Not measured while another run trains.' })
    expect(asked.at(-1)?.measure).toBe(false)
    await call('runs.stop', { id: run.id })
    await untilState({ call }, run.id, 'stopped')
  })

  test('ends when it is not wanted any more, and so does one that waits for its turn', async () => {
    const { call, config, asked } = await smallApp()
    const settings = { config: { ...config, ...endless } }
    const both = ['first', 'second'].map((task) => call('runs.preflight', { ...settings, task }))
    const refused = both.map((made) => expect(made).rejects.toMatchObject({ code: 'stopped' }))
    await until(async () => asked.length, Boolean)
    await call('runs.cancelPreflight', { task: 'second' })
    await call('runs.cancelPreflight', { task: 'first' })
    await Promise.all(refused)
    expect(asked).toHaveLength(1)
    expect((await call('runs.preflight', { config })).preflight.verdict).toBe('fits')
  })
})

test('a run of which even generous sums are far below what is there needs no forecast', () => {
  const config = runConfigSchema.parse({ model: 'm', dataset: 'd', learning_rate: 5e-5 })
  const sizes = { parameters: 22_713_216, layers: 6, hiddenSize: 384, heads: 12, vocabSize: 30522, maxPositions: 512 }
  const decided = { config, model: sizes as Model, dataset: {} as Dataset }
  expect(surelyFits(decided, 24e9, 100e9)).toBe(true)
  // Measured: 1.4 GB. Half of what can be had has to be enough.
  expect(mostBytes(decided)).toBeGreaterThan(1.5e9)
  expect(surelyFits(decided, 4e9, 100e9)).toBe(false)
  expect(surelyFits(decided, 24e9, 2e9)).toBe(false)
  const long = { ...config, max_length: 512, per_device_train_batch_size: 64 }
  expect(surelyFits({ ...decided, config: long }, 24e9, 100e9)).toBe(false)
})
