import { expect, test } from 'vitest'
import type { Run, RunSpace } from '../../../core/contract/domain.ts'
import { ordinal, placeText, queued } from '../../../renderer/features/runs/queue-order.ts'
import { canFork } from '../../../renderer/features/runs/resumable.ts'
import { spareBytes, stateBytes } from '../../../renderer/features/storage/sums.ts'

test('places in words', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal)).toEqual([
    ...['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '102nd', '111th'],
  ])
  expect(placeText(['a', 'b', 'c'], 'a')).toBe('Next in the queue')
  expect(placeText(['a', 'b', 'c'], 'c')).toBe('3rd in the queue')
  expect(placeText(['a'], 'x')).toBe('')
})

test('the queue is in its own order; what is not known yet is left out', () => {
  const runs = ['a', 'b', 'c'].map((id) => ({ id }) as Run)
  expect(queued(runs, ['c', 'x', 'a']).map(({ id }) => id)).toEqual(['c', 'a'])
})

test('a fork needs weights that the run has written itself', () => {
  expect(canFork({ bytes: 10, startedAt: 1 })).toBe(true)
  expect(canFork({ bytes: 0, startedAt: 1 })).toBe(false)
  // A fork that waits has what it will begin with, and nothing else.
  expect(canFork({ bytes: 10, startedAt: null })).toBe(false)
})

test('what all runs together could free leaves out what is needed to go on', () => {
  const space = (change: Partial<RunSpace>): RunSpace => ({
    ...{ run: 'a', bytes: 100, checkpoints: 2, spareBytes: 10, optimizerBytes: 5, resumable: false },
    ...change,
  })
  const spaces = [space({}), space({ resumable: true, optimizerBytes: 7 })]
  expect(spareBytes(spaces)).toBe(20)
  expect(stateBytes(spaces)).toBe(5)
})
