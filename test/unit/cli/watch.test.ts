import { expect, test } from 'vitest'
import { type WatchEvent, watchRun } from '../../../core/cli/watch.ts'
import type { Run, RunState } from '../../../core/contract/domain.ts'
import type { AppEvent } from '../../../core/contract/events.ts'
import type { Call, MethodName } from '../../../core/contract/methods.ts'

/** A run's record that grows as the test says, behind the calls that watching makes. */
function record() {
  const points: { series: string; step: number; value: number }[] = []
  const lines: { seq: number; at: number; level: 'info'; text: string }[] = []
  const checkpoints: { id: string; step: number }[] = []
  const state = { state: 'queued' as RunState, phase: null as string | null, phaseProgress: null as number | null }
  const listeners = new Set<(event: AppEvent) => void>()
  const answers: Partial<Record<MethodName, (input: never) => unknown>> = {
    'runs.get': () => ({ run: { id: 'r', name: 'quiet fern', config: { task: 'text-classification' }, ...state } }),
    'runs.log': ({ after, limit }: { after: number; limit: number }) => ({
      lines: lines.filter(({ seq }) => seq > after).slice(0, limit),
    }),
    'runs.checkpoints': () => ({ checkpoints: checkpoints.map((each) => ({ run: 'r', ...each })) }),
    'metrics.series': ({ series, after }: { series: string[]; after: number }) => ({
      series: series.map((name) => {
        const own = points.filter((point) => point.series === name && point.step > after)
        return { series: name, step: own.map(({ step }) => step), last: own.map(({ value }) => value) }
      }),
    }),
  }
  return {
    points,
    lines,
    checkpoints,
    state,
    call: (async (method: MethodName, input: never) => answers[method]?.(input)) as unknown as Call,
    subscribe: (listener: (event: AppEvent) => void) => {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    listeners,
    push: () => {
      for (const listener of listeners) listener({ type: 'run', id: 'r', state: 'running', step: 0, revision: 0 })
    },
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5))

test('every step is told once, in order, whatever the pushes; the end is told last', async () => {
  const r = record()
  const events: WatchEvent[] = []
  const runs: Run[] = []
  const done = watchRun(
    r,
    'r',
    (event) => events.push(event),
    (run) => runs.push(run),
  )
  await settled()
  Object.assign(r.state, { state: 'running', phase: 'training', phaseProgress: 0.5 })
  for (let step = 1; step <= 40; step += 1) {
    r.points.push({ series: 'train/loss', step, value: 1 / step })
    r.points.push({ series: 'perf/memory', step, value: step })
    if (step % 7 === 0) r.lines.push({ seq: r.lines.length, at: 0, level: 'info', text: `step ${step}` })
    if (step % 3 === 0) r.push()
    if (step % 5 === 0) await settled()
    // An evaluation comes after the training point of its step, perhaps after a look.
    if (step % 10 === 0) r.points.push({ series: 'eval/loss', step, value: step })
  }
  r.checkpoints.push({ id: 'c40', step: 40 }, { id: 'c20', step: 20 })
  Object.assign(r.state, { state: 'finished', phase: null })
  r.push()
  const ended = await done

  expect(ended.state).toBe('finished')
  expect(r.listeners.size).toBe(0)
  const metrics = events.filter((event) => event.event === 'metrics')
  const steps = (series: string) => metrics.filter(({ values }) => series in values).map(({ step }) => step)
  expect(steps('train/loss')).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
  expect(steps('perf/memory')).toEqual(steps('train/loss'))
  expect(steps('eval/loss')).toEqual([10, 20, 30, 40])
  expect(events.filter((event) => event.event === 'log').map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4])
  expect(events.filter((event) => event.event === 'checkpoint').map(({ step }) => step)).toEqual([20, 40])
  expect(events.filter((event) => event.event === 'phase')).toEqual([
    { event: 'phase', phase: 'training', progress: 0.5 },
  ])
  expect(events.filter((event) => event.event === 'state').map(({ state }) => state)).toEqual([
    'queued',
    'running',
    'finished',
  ])
  expect(events.at(-1)).toMatchObject({ event: 'state', state: 'finished', name: 'quiet fern' })
  expect(runs.at(-1)?.state).toBe('finished')
})

test('without any push the record is still looked at, and a run that is over is told whole', async () => {
  const r = record()
  const events: WatchEvent[] = []
  const done = watchRun(r, 'r', (event) => events.push(event))
  await settled()
  r.points.push({ series: 'train/loss', step: 1, value: 2 })
  r.state.state = 'failed'
  expect((await done).state).toBe('failed')
  expect(events.map(({ event }) => event)).toEqual(['state', 'metrics', 'state'])

  const late: WatchEvent[] = []
  await watchRun(r, 'r', (event) => late.push(event))
  expect(late.map(({ event }) => event)).toEqual(['metrics', 'state'])
})
