import { describe, expect, test } from 'vitest'
import { plays } from '../../support/scripted-worker.ts'
import { importSample, openApp, type SmallApp, temporaryPlace, until, untilState } from '../../support/small-app.ts'

/** Two apps on one data home: each has its own connection and is an owner of its own, as two processes are. */
async function twoApps(): Promise<{ one: SmallApp; other: SmallApp; start: typeof start }> {
  const place = temporaryPlace()
  const one = await openApp(place)
  await importSample(one)
  return { one, other: await openApp(place), start }
}

async function start({ call }: SmallApp, play: keyof typeof plays): Promise<string> {
  const config = { model: 'Tiny', dataset: 'Mails', max_length: 32, adam_epsilon: plays[play] }
  return (await call('runs.create', { config })).run.id
}

const runEvents = ({ events }: SmallApp, id: string) =>
  events.filter((event) => event.type === 'run' && event.id === id)

describe('two processes on one data home', () => {
  test('each announces what the other commits', async () => {
    const { one, other, start } = await twoApps()
    const id = await start(one, 'train')
    const { revision } = await untilState(one, id, 'finished')
    await until(
      async () => runEvents(other, id).at(-1),
      (event) => event?.type === 'run' && event.revision === revision,
    )
    const datasets = other.events.filter(({ type }) => type === 'datasets').length
    await importSample(one)
    await until(
      async () => other.events,
      (events) => events.filter(({ type }) => type === 'datasets').length > datasets,
    )
    expect((await other.call('datasets.list', {})).datasets).toHaveLength(2)
  })

  test('one stops the run of the other, whose turn is then', async () => {
    const { one, other, start } = await twoApps()
    const running = await start(one, 'untilStopped')
    await untilState(other, running, 'running')
    const waiting = await start(other, 'train')
    expect((await one.call('runs.get', { id: waiting })).run.state).toBe('queued')
    await other.call('runs.stop', { id: running })
    const stopped = await untilState(other, running, 'stopped')
    const finished = await untilState(one, waiting, 'finished')
    expect(finished.startedAt).toBeGreaterThanOrEqual(stopped.endedAt ?? 0)
  })

  test('a run whose process closes is interrupted, with what it had recorded', async () => {
    const { one, other, start } = await twoApps()
    const id = await start(one, 'untilStopped')
    await until(
      () => other.call('runs.get', { id }),
      ({ run }) => run.step > 3,
    )
    await one.app.close()
    const run = await untilState(other, id, 'interrupted')
    const { series } = await other.call('metrics.series', { runs: [id], series: ['train/loss'] })
    expect(series[0]?.step.at(-1)).toBe(run.step)
  })

  test('a run queued by a process that has gone waits for one that stays', async () => {
    const { one, other, start } = await twoApps()
    const running = await start(one, 'untilStopped')
    await untilState(one, running, 'running')
    const left = await start(other, 'train')
    await other.app.close()
    await one.call('runs.stop', { id: running })
    await untilState(one, running, 'stopped')
    // A later one of its own is not held up by it.
    await untilState(one, await start(one, 'train'), 'finished')
    expect((await one.call('runs.get', { id: left })).run.state).toBe('queued')
    const staying = await openApp(one, { adoptQueue: true })
    expect((await untilState(staying, left, 'finished')).state).toBe('finished')
  })
})
