import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Run } from '../../../core/contract/domain.ts'
import { openStore } from '../../../core/store/open.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { plays } from '../../support/scripted-worker.ts'
import { importSample, openApp, type SmallApp, temporaryPlace, until, untilState } from '../../support/small-app.ts'

async function readyApp(): Promise<SmallApp> {
  const small = await openApp(temporaryPlace())
  await importSample(small)
  return small
}

async function start({ call }: SmallApp, play: keyof typeof plays, more = {}): Promise<string> {
  const config = { model: 'minilm-l6', dataset: 'Mails', max_length: 32, adam_epsilon: plays[play], ...more }
  return (await call('runs.create', { config })).run.id
}

const get = async ({ call }: SmallApp, id: string) => (await call('runs.get', { id })).run

function untilStep(small: SmallApp, id: string, least: number): Promise<Run> {
  return until(
    () => get(small, id),
    ({ step }) => step >= least,
  )
}

async function curve({ call }: SmallApp, id: string, name: string, x: 'step' | 'time' = 'step') {
  const { series } = await call('metrics.series', { runs: [id], series: [name], smoothing: 0, x })
  return series[0] ?? { total: 0, x: [], step: [], last: [] }
}

const oneToForty = Array.from({ length: 40 }, (_, i) => i + 1)
const lossAt = (step: number) => 1 + Math.abs(step - 15)

async function expectWhole(small: SmallApp, id: string): Promise<void> {
  const loss = await curve(small, id, 'train/loss')
  expect(loss).toMatchObject({ total: 40, step: oneToForty, last: oneToForty.map(lossAt) })
  expect((await curve(small, id, 'train/loss', 'time')).x).toEqual(oneToForty.map((step) => step * 10))
  const run = await get(small, id)
  expect(run).toMatchObject({ state: 'finished', step: 40, error: null, stopRequested: false, timings: { steps: 40 } })
  expect(run.metrics['train/loss']).toEqual({ last: { value: 26, step: 40 }, best: { value: 1, step: 15 } })
  expect((await small.call('runs.checkpoints', { id })).checkpoints).toMatchObject([
    { step: 40, best: true, last: true },
  ])
}

describe('a run that is paused', () => {
  test('frees the queue, and goes on exactly where it was', async () => {
    const small = await readyApp()
    const id = await start(small, 'steady')
    const next = await start(small, 'train')
    await untilStep(small, id, 12)
    expect((await small.call('runs.pause', { id })).run.stopRequested).toBe(true)
    const paused = await untilState(small, id, 'paused')
    expect(paused.endedAt).toBeGreaterThan(0)
    await untilState(small, next, 'finished')

    const { checkpoints } = await small.call('runs.checkpoints', { id })
    expect(checkpoints).toMatchObject([{ step: paused.step, last: true }])
    const { run: queued } = await small.call('runs.resume', { id })
    expect(queued).toMatchObject({
      state: 'queued',
      step: paused.step,
      endedAt: null,
      timings: null,
      stopRequested: false,
    })
    const run = await untilState(small, id, 'finished', 'failed')
    await expectWhole(small, id)
    const memory = await curve(small, id, 'perf/memory')
    expect(memory.last).toEqual(oneToForty.map((step) => (step <= paused.step ? 0 : paused.step)))
    const { lines } = await small.call('runs.log', { id })
    expect(lines.map(({ text }) => text)).toEqual([`Resumed at step ${paused.step}.`])
    expect(run.startedAt).toBe(paused.startedAt)
    expect(run.idleMs).toBeGreaterThan(0)
    expect(run.idleMs).toBeLessThanOrEqual((run.endedAt ?? 0) - (paused.endedAt ?? 0))
  })

  test('can be deleted, restored and then resumed', async () => {
    const small = await readyApp()
    const id = await start(small, 'steady')
    await untilStep(small, id, 3)
    await small.call('runs.pause', { id })
    await untilState(small, id, 'paused')
    await small.call('runs.delete', { id })
    await expect(small.call('runs.resume', { id })).rejects.toMatchObject({ code: 'not_found' })
    expect((await small.call('runs.restore', { id })).run.state).toBe('paused')
    await small.call('runs.resume', { id })
    await untilState(small, id, 'finished', 'failed')
    await expectWhole(small, id)
  })

  test('only a running run is; one that is being stopped is not', async () => {
    const small = await readyApp()
    const running = await start(small, 'untilStopped')
    const queued = await start(small, 'train')
    await untilState(small, running, 'running')
    await expect(small.call('runs.pause', { id: queued })).rejects.toMatchObject({ code: 'conflict' })
    await small.call('runs.stop', { id: running })
    await expect(small.call('runs.pause', { id: running })).rejects.toMatchObject({ code: 'conflict' })
    expect((await untilState(small, running, 'stopped', 'paused')).state).toBe('stopped')
    await untilState(small, queued, 'finished')
  })

  test('by another process on the same home, which may then resume it', async () => {
    const here = await readyApp()
    const there = await openApp({ home: here.home, cache: here.cache })
    const id = await start(here, 'steady')
    await untilStep(here, id, 2)
    await there.call('runs.pause', { id })
    const { step } = await untilState(here, id, 'paused')
    await curve(here, id, 'train/loss')
    await there.call('runs.resume', { id })
    await untilState(here, id, 'finished', 'failed')
    await expectWhole(here, id)
    await expectWhole(there, id)
    expect((await here.call('runs.log', { id })).lines.at(-1)?.text).toBe(`Resumed at step ${step}.`)
  })
})

describe('a run whose process ended', () => {
  async function killedAt(least: number) {
    const before = await readyApp()
    const id = await start(before, 'steady')
    await untilStep(before, id, least)
    // As the person last saw it: the curve is in memory, its last points are about to be done again.
    await before.app.close()
    const small = await openApp({ home: before.home, cache: before.cache })
    expect((await get(small, id)).state).toBe('interrupted')
    return { small, id }
  }

  test('goes on from its newest checkpoint, and no point is there twice', async () => {
    // Far from the next checkpoint: one that is written while the process ends is taken up without being on record.
    const { small, id } = await killedAt(12)
    const cut = await curve(small, id, 'train/loss')
    expect(cut.total).toBeGreaterThanOrEqual(12)
    const [checkpoint] = (await small.call('runs.checkpoints', { id })).checkpoints
    const from = checkpoint?.step ?? 0
    expect(from % 10).toBe(0)
    const { run } = await small.call('runs.resume', { id })
    expect(run.step).toBe(from)
    expect(run.metrics['train/loss']?.last).toEqual({ step: from, value: lossAt(from) })
    expect((await curve(small, id, 'train/loss')).total).toBe(from)
    await untilState(small, id, 'finished', 'failed')
    await expectWhole(small, id)
    const memory = await curve(small, id, 'perf/memory')
    expect(memory.last).toEqual(oneToForty.map((step) => (step <= from ? 0 : from)))
  })

  test('before its first checkpoint begins again', async () => {
    const { small, id } = await killedAt(2)
    const { checkpoints } = await small.call('runs.checkpoints', { id })
    expect(checkpoints).toEqual([])
    await small.call('runs.resume', { id })
    await untilState(small, id, 'finished', 'failed')
    await expectWhole(small, id)
  })

  test('a checkpoint that is broken is passed over, and the log says so', async () => {
    const { small, id } = await killedAt(12)
    const [checkpoint] = (await small.call('runs.checkpoints', { id })).checkpoints
    writeFileSync(join(checkpoint?.path ?? '', 'trainer_state.json'), '{}')
    await small.call('runs.resume', { id })
    await untilState(small, id, 'finished', 'failed')
    await expectWhole(small, id)
    const { lines } = await small.call('runs.log', { id })
    expect(lines.map(({ text }) => text).join('\n')).toMatch(/cannot be gone on from: .*trainer_state\.json/)
  })
})

describe('resuming', () => {
  test('C10: a run that diverged goes on from its last good checkpoint, not from those after it', async () => {
    const small = await readyApp()
    const id = await start(small, 'steady')
    await untilStep(small, id, 5)
    await small.call('runs.stop', { id })
    await untilState(small, id, 'stopped')
    const [good] = (await small.call('runs.checkpoints', { id })).checkpoints
    if (!good) throw new Error('no checkpoint was written')
    const { step, path } = good
    const later = join(dirname(path), `checkpoint-${step + 1}`)
    cpSync(path, later, { recursive: true })
    const beside = openStore(join(small.home, 'attune.sqlite'), { clock: systemClock })
    beside.checkpoints.add(id, { ...good, at: 1, step: step + 1, path: later, best: false, last: true })
    beside.checkpoints.markLast(id, step)
    beside.close()
    await small.call('runs.resume', { id })
    await untilState(small, id, 'finished', 'failed')
    const { lines } = await small.call('runs.log', { id })
    expect(lines.map(({ text }) => text)).toContain(`Resumed at step ${step}.`)
    await expectWhole(small, id)
  })

  test('a stopped run trains its remaining steps', async () => {
    const small = await readyApp()
    const id = await start(small, 'steady')
    await untilStep(small, id, 5)
    await small.call('runs.stop', { id })
    await untilState(small, id, 'stopped')
    await small.call('runs.resume', { id })
    await untilState(small, id, 'finished', 'failed')
    await expectWhole(small, id)
  })

  test('is refused where there is nothing to go on from', async () => {
    const small = await readyApp()
    const finished = await start(small, 'train')
    const failed = await start(small, 'crash')
    const discarded = await start(small, 'untilStopped')
    await untilState(small, discarded, 'running')
    await expect(small.call('runs.resume', { id: discarded })).rejects.toThrowError(
      /is running: it is being trained now/,
    )
    await small.call('runs.stop', { id: discarded, keep: false })
    await untilState(small, discarded, 'stopped')
    for (const [id, sentence] of [
      [finished, /is finished: there is nothing left to do/],
      [failed, /is failed and has no checkpoint/],
      [discarded, /is stopped and has no checkpoint/],
    ] as const) {
      await expect(small.call('runs.resume', { id })).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(sentence),
      })
    }
    await expect(small.call('runs.resume', { id: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a run in the queue waits for its turn, and can be taken out again', async () => {
    const small = await readyApp()
    const id = await start(small, 'steady')
    await untilStep(small, id, 11)
    await small.call('runs.pause', { id })
    await untilState(small, id, 'paused')
    const other = await start(small, 'untilStopped')
    await untilState(small, other, 'running')
    const { run } = await small.call('runs.resume', { id })
    await expect(small.call('runs.resume', { id })).rejects.toThrowError(/in the queue already/)
    expect((await small.call('runs.stop', { id })).run).toMatchObject({ state: 'paused', step: run.step })
    await small.call('runs.stop', { id: other })
    await small.call('runs.resume', { id })
    await untilState(small, id, 'finished', 'failed')
    await expectWhole(small, id)
  })
})

test('repeating queues the same settings under other seeds', async () => {
  const small = await readyApp()
  const id = await start(small, 'train', { name: 'first', learning_rate: 0.003 })
  await untilState(small, id, 'finished')
  const { runs } = await small.call('runs.repeat', { id, seeds: [1, 2, 2] })
  expect(runs.map(({ name, config }) => [name, config.seed])).toEqual([
    ['first seed 1', 1],
    ['first seed 2', 2],
  ])
  const original = await get(small, id)
  for (const { id: repeated, config } of runs) {
    const { seed: _, name: __, ...rest } = config
    const { seed: ___, name: ____, ...settings } = original.config
    expect(rest).toEqual(settings)
    await untilState(small, repeated, 'finished', 'failed')
  }
  const again = await small.call('runs.repeat', { id: runs[0]?.id ?? '', seeds: [1] })
  expect(again.runs[0]?.name).toBe('first seed 1 (2)')
  await untilState(small, again.runs[0]?.id ?? '', 'finished')
})

test('a pruned checkpoint leaves the record when it leaves the disk', async () => {
  const small = await readyApp()
  const id = await start(small, 'steady')
  const run = await untilState(small, id, 'finished', 'failed')
  const { checkpoints } = await small.call('runs.checkpoints', { id })
  expect(checkpoints.map(({ step }) => step)).toEqual([40])
  expect(run.bytes).toBe(checkpoints[0]?.bytes)
  expect(existsSync(checkpoints[0]?.path ?? '')).toBe(true)
  expect(existsSync(checkpoints[0]?.path.replace('-40', '-30') ?? '')).toBe(false)
})
