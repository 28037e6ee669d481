import { describe, expect, test } from 'vitest'
import { ratioToFastest } from '../../bench/result.ts'
import { median, type Summary, summarise } from '../../bench/statistics.ts'
import { inTurn } from '../../bench/turns.ts'

describe('the median', () => {
  test('is the middle value, whatever the order', () => expect(median([9, 1, 5])).toBe(5))
  test('of an even count is the mean of the two in the middle', () => expect(median([8, 1, 2, 4])).toBe(3))
  test('of nothing is not a number', () => expect(median([])).toBeNaN())
})

describe('a summary', () => {
  test('takes the steps of all processes together, and the largest memory', () => {
    const summary = summarise([
      { stepMs: [100, 300], stepTokens: [10, 50], peakBytes: 7 },
      { stepMs: [200], stepTokens: [60], peakBytes: 9 },
    ])
    expect(summary).toEqual({
      processes: 2,
      steps: 3,
      medianMs: 200,
      minMs: 100,
      tokensPerSecond: 200,
      tokensPerStep: 40,
      peakBytes: 9,
    })
  })

  test('refuses to speak of no step', () => {
    expect(() => summarise([{ stepMs: [], stepTokens: [], peakBytes: 1 }])).toThrow('without a timed step')
  })
})

describe('the ratio', () => {
  const side = (ms: number, tokens: number): Summary =>
    summarise([{ stepMs: [ms], stepTokens: [tokens], peakBytes: 1 }])

  test('of steps is against the quickest peer', () => {
    expect(ratioToFastest(side(100, 1), [side(300, 1), side(250, 1)], 'step')).toBe(2.5)
  })
  test('of tokens is against the peer with the most a second', () => {
    expect(ratioToFastest(side(100, 80), [side(100, 20), side(100, 40)], 'tokens/s')).toBe(2)
  })
  test('without a peer there is none', () => expect(ratioToFastest(side(1, 1), [], 'step')).toBeNull())
})

test('the sides run in turn, a round at a time', async () => {
  const order: string[] = []
  const side = (name: string) => async () => order.push(name)
  const outcomes = await inTurn(2, [side('ours'), side('peer')])
  expect(order).toEqual(['ours', 'peer', 'ours', 'peer'])
  expect(outcomes).toEqual([
    [1, 3],
    [2, 4],
  ])
})
