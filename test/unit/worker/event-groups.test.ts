import { describe, expect, test, vi } from 'vitest'
import { EventGroups } from '../../../core/worker/event-groups.ts'
import type { RunEvent } from '../../../core/worker/protocol.ts'

const metrics = (step: number): RunEvent => ({
  kind: 'metrics',
  step,
  epoch: 0,
  examples: step,
  tokens: step,
  elapsedMs: step,
  values: { 'train/loss': 1 / step },
})
const phase = (name: 'training' | 'evaluating', done = 0): RunEvent => ({ kind: 'phase', at: 0, phase: name, done })

function collect() {
  let now = 0
  const sent: { seq: number; events: readonly RunEvent[] }[] = []
  const clock = { now: () => now, monotonic: () => now }
  const groups = new EventGroups((seq, events) => sent.push({ seq, events }), clock)
  return { groups, sent, wait: (ms: number) => (now += ms) }
}

describe('event groups', () => {
  test('gather what happens within a quarter of a second', () => {
    const { groups, sent, wait } = collect()
    groups.add(metrics(1))
    for (let step = 2; step <= 10; step++) {
      wait(50)
      groups.add(metrics(step))
    }
    groups.close()
    expect(sent.map(({ events }) => events.length)).toEqual([1, 5, 4])
    expect(sent.map(({ seq }) => seq)).toEqual([0, 1, 2])
    expect(sent.flatMap(({ events }) => events)).toEqual(Array.from({ length: 10 }, (_, i) => metrics(i + 1)))
  })

  test('do not wait at a change of phase, but do at its progress', () => {
    const { groups, sent } = collect()
    groups.add(phase('training'))
    groups.add(phase('training', 1))
    expect(sent).toHaveLength(1)
    groups.add(phase('evaluating'))
    expect(sent).toHaveLength(2)
    expect(sent[1]?.events).toHaveLength(2)
    groups.close()
  })

  test('do not wait with a checkpoint', () => {
    const { groups, sent } = collect()
    groups.add(metrics(1))
    groups.add(metrics(2))
    groups.add({ kind: 'predictions', rows: [], predicted: [], gold: [], loss: [], scores: [] })
    expect(sent.at(-1)?.events.map(({ kind }) => kind)).toEqual(['metrics', 'predictions'])
  })

  test('send what is left when nothing more happens', () => {
    vi.useFakeTimers()
    try {
      const { groups, sent } = collect()
      groups.add(metrics(1))
      groups.add(metrics(2))
      expect(sent).toHaveLength(1)
      vi.advanceTimersByTime(250)
      expect(sent.map(({ seq }) => seq)).toEqual([0, 1])
      groups.close()
    } finally {
      vi.useRealTimers()
    }
  })
})
