import { expect, test } from 'vitest'
import { systemClock } from '../../../core/util/clock.ts'
import { elapsedMs } from '../../../renderer/features/runs/progress.ts'
import { plays } from '../../support/scripted-worker.ts'
import { importSample, openApp, temporaryPlace, until, untilState } from '../../support/small-app.ts'

const hourMs = 60 * 60 * 1000

test('C12: the clock is set back by an hour while a run trains, and again while it rests: no duration is below zero', async () => {
  let setBackMs = 0
  const clock = { now: () => systemClock.now() - setBackMs, monotonic: systemClock.monotonic }
  const small = await openApp(temporaryPlace(), { clock })
  const dataset = await importSample(small)
  const config = { model: 'Tiny', dataset, max_length: 32, adam_epsilon: plays.steady }
  const { run } = await small.call('runs.create', { config })
  const get = async () => (await small.call('runs.get', { id: run.id })).run
  await until(get, ({ step }) => step >= 5)

  setBackMs += hourMs
  const during = await until(get, ({ step }) => step >= 8)
  expect(elapsedMs(during, clock.now())).toBeGreaterThanOrEqual(0)
  await small.call('runs.pause', { id: run.id })
  const paused = await untilState(small, run.id, 'paused')
  expect(paused.endedAt).toBeGreaterThanOrEqual(paused.startedAt ?? Number.POSITIVE_INFINITY)

  setBackMs += hourMs
  await small.call('runs.resume', { id: run.id })
  const ended = await untilState(small, run.id, 'finished', 'failed')
  expect(ended).toMatchObject({ state: 'finished', step: 40, error: null })
  expect(ended.idleMs).toBeGreaterThanOrEqual(0)
  expect(elapsedMs(ended, clock.now())).toBeGreaterThanOrEqual(0)
  const { series } = await small.call('metrics.series', {
    ...{ runs: [run.id], series: ['train/loss'], x: 'time' as const, width: 4000, smoothing: 0 },
  })
  const times = series[0]?.x ?? []
  expect(times).toHaveLength(40)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
})
