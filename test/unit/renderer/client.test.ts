import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunState } from '../../../core/contract/domain.ts'
import type { AppEvent } from '../../../core/contract/events.ts'
import type { Handlers } from '../../../core/contract/methods.ts'
import { keepFresh } from '../../../renderer/client/hooks.ts'
import { batchEvents, type CallKey, isStale } from '../../../renderer/client/invalidation.ts'
import { memoryClient } from '../../../renderer/client/wires/memory.ts'

const run = (id: string, step = 1, state: RunState = 'running'): AppEvent => ({
  type: 'run',
  id,
  state,
  step,
  revision: step,
})

test.each<[CallKey, AppEvent, boolean]>([
  [['runs.list', {}], run('a'), true],
  [['runs.get', { id: 'a' }], run('a'), true],
  [['runs.get', { id: 'b' }], run('a'), false],
  [['metrics.series', { runs: ['b', 'a'], series: ['train/loss'] }], run('a'), true],
  [['metrics.series', { runs: ['b'], series: ['train/loss'] }], run('a'), false],
  [['comparisons.get', { runs: ['b', 'a'] }], run('a'), true],
  [['comparisons.get', { runs: ['b'] }], run('a'), false],
  [['comparisons.get', { runs: ['b'] }], run('a', 9, 'finished'), true],
  [['datasets.list', {}], run('a'), false],
  [['datasets.rows', { id: 'd' }], { type: 'datasets' }, true],
  [['models.list', {}], { type: 'datasets' }, false],
  [['queue.get', {}], { type: 'queue' }, true],
  [['queue.get', {}], run('a'), true],
  [['runs.list', {}], { type: 'queue' }, false],
  [['models.list', {}], { type: 'models' }, true],
])('%j after %j: stale %s', (key, event, stale) => {
  expect(isStale(key, [event])).toBe(stale)
})

describe('batchEvents', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('the first goes at once, the rest together, the latest of each run only', () => {
    const sent: (readonly AppEvent[])[] = []
    const batch = batchEvents(250, (events) => sent.push(events))
    batch.add(run('a', 1))
    expect(sent).toEqual([[run('a', 1)]])
    batch.add(run('a', 2))
    batch.add(run('b', 9))
    batch.add(run('a', 3))
    expect(sent).toHaveLength(1)
    vi.advanceTimersByTime(250)
    expect(sent[1]).toEqual([run('a', 3), run('b', 9)])
    vi.advanceTimersByTime(1000)
    expect(sent).toHaveLength(2)
    batch.add(run('a', 4))
    expect(sent).toHaveLength(3)
    batch.add(run('a', 5))
    batch.cancel()
    vi.advanceTimersByTime(1000)
    expect(sent).toHaveLength(3)
  })
})

describe('keepFresh over the memory wire', () => {
  test('a push while a fetch is under way is not lost: the fetch is made again after it', async () => {
    const listeners = new Set<(event: AppEvent) => void>()
    let asked = 0
    const answers: (() => void)[] = []
    const handlers = {
      'runs.list': () => {
        asked++
        return new Promise((resolve) => answers.push(() => resolve({ runs: [] })))
      },
    } as unknown as Handlers
    const client = memoryClient({
      handlers,
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      register: async () => 'handle',
    })
    const queries = new QueryClient()
    const undo = keepFresh(client, queries)
    const observer = new QueryObserver(queries, {
      queryKey: ['runs.list', {}],
      queryFn: () => client.call('runs.list', {}),
    })
    const unobserve = observer.subscribe(() => {})
    await vi.waitFor(() => expect(asked).toBe(1))
    for (const listener of listeners) listener(run('a'))
    expect(asked).toBe(1)
    answers[0]?.()
    await vi.waitFor(() => expect(asked).toBe(2))
    answers[1]?.()
    await vi.waitFor(() => expect(observer.getCurrentResult().data).toEqual({ runs: [] }))
    unobserve()
    undo()
    queries.clear()
    expect(listeners.size).toBe(0)
  })

  test('a refusal of the app arrives with its code and sentence', async () => {
    const client = memoryClient({ handlers: {} as Handlers, subscribe: () => () => {}, register: async () => 'h' })
    await expect(client.call('runs.get', { id: '' })).rejects.toMatchObject({
      name: 'AttuneError',
      code: 'bad_request',
    })
  })
})
