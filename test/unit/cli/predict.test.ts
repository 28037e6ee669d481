import { expect, test } from 'vitest'
import { predict } from '../../../core/cli/commands/predict.ts'
import type { Ground } from '../../../core/cli/ground.ts'
import type { Answer } from '../../../core/cli/io.ts'
import { importSample, openApp, temporaryPlace, until, untilState } from '../../support/small-app.ts'

/** The command over a real app with a run, whose prediction of "wait" lasts until it is stopped; `signal` is SIGINT. */
async function ground(note = () => {}) {
  const small = await openApp(temporaryPlace())
  const dataset = await importSample(small)
  const { models } = await small.call('models.list', {})
  const { run } = await small.call('runs.create', { config: { model: models[0]?.id ?? '', dataset, max_length: 32 } })
  await untilState(small, run.id, 'finished')
  const listeners = new Set<() => void>()
  const io = {
    onSignal(listener: () => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const output = { note, progress: () => {}, settle: () => {} }
  const { subscribe } = small.app
  return {
    asked: (text: readonly string[]): Promise<Answer> =>
      predict({ ...small, io, output, subscribe } as unknown as Ground, run.id, { text, checkpoint: 'best' }),
    underWay: () =>
      until(
        async () => small.events,
        (events) => events.some((event) => event.type === 'progress' && event.label === 'Predicting'),
      ),
    signal: () => {
      for (const listener of listeners) listener()
    },
    listeners,
  }
}

test('what was said until a signal is the answer, with what ended it', async () => {
  const { asked, underWay, signal, listeners } = await ground()
  const answer = asked([...Array<string>(1000).fill('x'), 'wait', 'y'])
  await underWay()
  signal()
  const { value, text, fault } = await answer
  expect(value.predictions).toHaveLength(1000)
  expect(text.trimEnd().split('\n')).toHaveLength(1001)
  expect(fault).toMatchObject({ code: 'stopped' })
  expect(listeners.size).toBe(0)
})

test('a signal between two calls ends it there', async () => {
  const command = await ground(() => command.signal())
  const { value, fault } = await command.asked(Array<string>(1001).fill('x'))
  expect(value.predictions).toHaveLength(1000)
  expect(fault).toMatchObject({ code: 'stopped' })
})

test('a signal before anything is said is a failure', async () => {
  const { asked, underWay, signal } = await ground()
  const answer = asked(['wait'])
  await underWay()
  signal()
  await expect(answer).rejects.toMatchObject({ code: 'stopped' })
})
