import { describe, expect, test } from 'vitest'
import { rateUntil } from '../../bench/parts/shared.ts'

describe('steps a second of one of several sessions', () => {
  test('are those that had ended when the first session was through', () => {
    expect(rateUntil([500, 1000, 1500, 2000], 1600)).toBe(2)
  })
  test('count to the end of the last such step, not to the end of the window', () => {
    expect(rateUntil([400, 800], 1100)).toBe(2.5)
  })
  test('are none when no step ended in time', () => {
    expect(rateUntil([900], 800)).toBe(0)
  })
})
