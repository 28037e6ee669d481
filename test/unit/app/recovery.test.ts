import { existsSync, mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { saveCheckpoint } from '../../../core/checkpoint/save.ts'
import { openStore } from '../../../core/store/open.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { importSample, openApp, temporaryPlace } from '../../support/small-app.ts'

/** As the run writes them. */
async function writeCheckpoint(path: string, step: number, best: number): Promise<void> {
  const log = [{ step, epoch: 1, 'eval/loss': 0.25 }]
  const state = { global_step: step, epoch: 1, best_global_step: best, log_history: log }
  await saveCheckpoint(path, (dir) => writeFile(join(dir, 'trainer_state.json'), JSON.stringify(state)))
}

test('C02: a run whose process died is interrupted, and its record agrees with the disk again', async () => {
  const place = temporaryPlace()
  const before = await openApp(place)
  const dataset = await importSample(before)
  const { run } = await before.call('runs.create', { config: { model: 'Tiny', dataset, max_length: 32 } })
  await before.app.close()

  // What a killed process leaves: a pruned checkpoint on record, an unrecorded one, a half-written one, a broken one.
  const dir = join(place.home, 'runs', run.id)
  mkdirSync(dir, { recursive: true })
  const store = openStore(join(place.home, 'attune.sqlite'), { clock: systemClock })
  store.queue.end(run.id, 'failed', 1, null)
  store.runs.setDeleted(run.id, 1)
  const id = 'left-behind'
  store.runs.add({ ...run, id, owner: 'dead', name: 'left behind' })
  store.queue.claimNext('dead', 5, () => 'leave')
  const checkpoint = { kind: 'checkpoint', at: 1, epoch: 1, bytes: 7, last: true, metrics: {} } as const
  store.recorder.record(id, 0, [
    { ...checkpoint, step: 10, path: 'checkpoint-10', best: true },
    { ...checkpoint, step: 20, path: 'checkpoint-20', best: false },
  ])
  store.close()
  const runDir = join(place.home, 'runs', id)
  await writeCheckpoint(join(runDir, 'checkpoint-20'), 20, 20)
  await writeCheckpoint(join(runDir, 'checkpoint-30'), 30, 30)
  mkdirSync(join(runDir, '.removed-5'))
  mkdirSync(join(runDir, 'checkpoint-40'))

  const small = await openApp(place)
  const { run: found } = await small.call('runs.get', { id })
  expect(found).toMatchObject({ state: 'interrupted', phase: null, error: null })
  const { checkpoints } = await small.call('runs.checkpoints', { id })
  expect(checkpoints).toMatchObject([
    { step: 30, best: true, last: true, metrics: { 'eval/loss': 0.25 } },
    { step: 20, best: false, last: false },
  ])
  expect(found.bytes).toBe(checkpoints.reduce((sum, { bytes }) => sum + bytes, 0))
  expect(existsSync(join(runDir, '.removed-5'))).toBe(false)
  const { lines } = await small.call('runs.log', { id })
  expect(lines.map(({ text }) => text)).toEqual([
    expect.stringMatching(/program ended while/),
    expect.stringMatching(/step 10 is not on the disk/),
    expect.stringMatching(/step 30 was whole on the disk/),
    expect.stringMatching(/checkpoint-40 is not a whole checkpoint/),
    'It can go on from step 30: nothing is lost.',
  ])
})
