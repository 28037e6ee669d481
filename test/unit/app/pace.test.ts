import { expect, test } from 'vitest'
import { paceShares } from '../../../core/contract/pace.ts'
import { nativeBindingPath } from '../../../core/engine/native/load.ts'
import { startWorker } from '../../../core/worker/handle.ts'
import { importSample, openApp, temporaryPlace, untilState } from '../../support/small-app.ts'
import { errorOf } from '../../support/temporary.ts'

test('what a row and a token cost among many', () => {
  const cell = (rows: number, length: number, stepMs: number) => ({ rows, length, stepMs })
  const cells = [cell(1, 32, 10), cell(1, 256, 40), cell(32, 32, 50), cell(32, 256, 640)]
  expect(paceShares({ cells, threads: 2, precision: 'fp32' })).toEqual({ row: 0.5, token: 0.5 })
})

test.skipIf(!nativeBindingPath())('steps of a run are timed, and not while another trains', async () => {
  const app = await openApp(temporaryPlace(), { startWorker })
  const dataset = await importSample(app)
  const settings = { model: 'minilm-l6', dataset, max_length: 32, max_steps: 5000, method: 'lora' } as const
  const { run } = await app.call('runs.create', { config: settings })
  await untilState(app, run.id, 'running')
  await errorOf('busy', () => app.call('runs.pace', { id: run.id }))
  await app.call('runs.stop', { id: run.id, keep: false })
  await untilState(app, run.id, 'stopped')
  const { pace } = await app.call('runs.pace', { id: run.id })
  const [least, most] = [pace.cells[0]?.length ?? 0, pace.cells[1]?.length ?? 0]
  expect(pace.cells.map(({ rows, length }) => [rows, length])).toEqual([
    ...[
      [1, least],
      [1, most],
      [32, least],
      [32, most],
    ],
  ])
  expect(least).toBeLessThan(most)
  expect(pace.cells.every(({ stepMs }) => stepMs > 0)).toBe(true)
})
