import fc from 'fast-check'
import { expect, test } from 'vitest'
import { settingNames } from '../../../core/contract/settings.ts'
import { editDistance, nearest } from '../../../core/util/nearest.ts'

test('edit distance counts inserts, deletes, replacements and swaps of neighbours', () => {
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('kitten', 'sitting')).toBe(3)
  expect(editDistance('laerning', 'learning')).toBe(1)
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a))
      expect(editDistance(a, b) === 0).toBe(a === b)
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
    }),
  )
})

test('the nearest setting is the one that was meant', () => {
  expect(nearest('learnin_rate', settingNames)).toBe('learning_rate')
  expect(nearest('leraning_rate', settingNames)).toBe('learning_rate')
  expect(nearest('Seed', settingNames)).toBe('seed')
  expect(nearest('epochs', settingNames)).toBe('num_train_epochs')
  expect(nearest('warmup', settingNames)).toBe('warmup_ratio')
  expect(nearest('something_else_entirely', settingNames)).toBeNull()
})
