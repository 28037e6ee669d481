import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { moved } from '../../../core/app/queue-order.ts'
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

const order = async ({ call }: SmallApp) => (await call('queue.get', {})).runs

test('goes on after a run that failed', async () => {
  const small = await readyApp()
  const before = await start(small, 'train')
  const failing = await start(small, 'crash')
  const after = await start(small, 'train')
  await untilState(small, after, 'finished')
  const states = (await small.call('runs.list', {})).runs.map(({ id, state }) => [id, state])
  expect(states).toEqual([
    [after, 'finished'],
    [failing, 'failed'],
    [before, 'finished'],
  ])
})

describe('while it is paused', () => {
  test('nothing begins; what runs goes on; afterwards all do in their order', async () => {
    const small = await readyApp()
    const running = await start(small, 'steady')
    await untilState(small, running, 'running')
    expect(await small.call('queue.pause', { paused: true })).toEqual({ paused: true, runs: [] })
    const [first, second] = [await start(small, 'train'), await start(small, 'train')]
    await untilState(small, running, 'finished')
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(await small.call('queue.get', {})).toEqual({ paused: true, runs: [first, second] })
    await small.call('queue.pause', { paused: false })
    await untilState(small, second, 'finished')
    const begun = await Promise.all(
      [first, second].map(async (id) => (await small.call('runs.get', { id })).run.startedAt),
    )
    expect(begun[0]).toBeLessThan(begun[1] ?? 0)
  })

  test('it stays so in another process and after a restart, and others are told', async () => {
    const small = await readyApp()
    const other = await openApp({ home: small.home, cache: small.cache })
    await small.call('queue.pause', { paused: true })
    await until(
      async () => other.events.some(({ type }) => type === 'queue'),
      (told) => told,
    )
    await start(other, 'train')
    await small.app.close()
    await other.app.close()
    const later = await openApp({ home: small.home, cache: small.cache }, { adoptQueue: true })
    expect(await later.call('queue.get', {})).toMatchObject({ paused: true, runs: [expect.any(String)] })
    const [waiting] = await order(later)
    await later.call('queue.pause', { paused: false })
    await untilState(later, waiting ?? '', 'finished')
  })
})

describe('its order', () => {
  test('is changed by moving one of its members', async () => {
    const small = await readyApp()
    await small.call('queue.pause', { paused: true })
    const [a, b, c] = [await start(small, 'train'), await start(small, 'train'), await start(small, 'train')]
    expect(await order(small)).toEqual([a, b, c])
    expect((await small.call('queue.move', { id: c, to: 'front' })).runs).toEqual([c, a, b])
    expect((await small.call('queue.move', { id: a, to: 'down' })).runs).toEqual([c, b, a])
    const d = await start(small, 'train')
    expect(await order(small)).toEqual([c, b, a, d])
    expect((await small.call('runs.stop', { id: b })).run.state).toBe('stopped')
    expect(await order(small)).toEqual([c, a, d])
    expect(small.events).toContainEqual({ type: 'queue' })
    await small.call('queue.pause', { paused: false })
    await untilState(small, d, 'finished')
    const runs = await Promise.all([c, a, d].map(async (id) => (await small.call('runs.get', { id })).run))
    expect(runs.map(({ startedAt }) => startedAt)).toEqual(runs.map(({ startedAt }) => startedAt).toSorted())
    await expect(small.call('queue.move', { id: a, to: 'up' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('is finished'),
    })
  })

  test('what has begun goes before what has not, and is paused again when it is taken out', async () => {
    const small = await readyApp()
    const id = await start(small, 'steady')
    await until(
      async () => (await small.call('runs.get', { id })).run.step,
      (step) => step > 3,
    )
    await small.call('queue.pause', { paused: true })
    await small.call('runs.pause', { id })
    const { step } = await untilState(small, id, 'paused')
    const fresh = await start(small, 'train')
    await small.call('runs.resume', { id })
    expect(await order(small)).toEqual([id, fresh])
    expect((await small.call('runs.stop', { id })).run).toMatchObject({ state: 'paused', step })
    expect((await small.call('runs.stop', { id: fresh })).run.state).toBe('stopped')
    // Taken out by mistake, it comes back as new.
    await small.call('runs.resume', { id: fresh })
    await small.call('queue.pause', { paused: false })
    await untilState(small, fresh, 'finished')
    expect((await small.call('runs.log', { id: fresh })).lines).toEqual([])
  })

  test.each([
    ['front', ['c', 'a', 'b', 'd']],
    ['up', ['a', 'c', 'b', 'd']],
    ['down', ['a', 'b', 'd', 'c']],
    ['back', ['a', 'b', 'd', 'c']],
  ] as const)('moved to the %s', (to, expected) => {
    expect(moved(['a', 'b', 'c', 'd'], 'c', to)).toEqual(expected)
  })

  test('at an end it stays', () => {
    expect(moved(['a', 'b'], 'a', 'up')).toEqual(['a', 'b'])
    expect(moved(['a', 'b'], 'b', 'down')).toEqual(['a', 'b'])
  })
})

test('a run whose process died ended when it was last heard of, not when that was noticed', async () => {
  const small = await readyApp()
  const id = await start(small, 'train')
  await untilState(small, id, 'finished')
  await small.app.close()
  const database = new Database(join(small.home, 'attune.sqlite'))
  database
    .prepare("UPDATE runs SET state = 'running', owner = '1-gone', ended_at = NULL, heard_at = started_at + 7")
    .run()
  database.close()
  const later = await openApp({ home: small.home, cache: small.cache })
  const { run } = await later.call('runs.get', { id })
  expect(run).toMatchObject({ state: 'interrupted', endedAt: (run.startedAt ?? 0) + 7 })
})
