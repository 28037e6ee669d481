import { expect, test } from 'vitest'
import { confusionOf } from '../../../core/app/confusion.ts'
import type { Run } from '../../../core/contract/domain.ts'
import type { PredictionColumns } from '../../../core/store/queries/predictions.ts'

const plan = { labels: ['a', 'b', 'c'] } as unknown as NonNullable<Run['plan']>
const columns = {
  gold: Int32Array.of(0, 0, 1, 2, 2, 2),
  predicted: Int32Array.of(0, 1, 1, 0, 2, 2),
} as unknown as PredictionColumns

test('a row is a class, a column what it was taken for', () => {
  expect(confusionOf({ plan }, columns)).toEqual({
    labels: ['a', 'b', 'c'],
    counts: [
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 2],
    ],
  })
})

test('there is none without classes, or before an evaluation', () => {
  expect(confusionOf({ plan: { ...plan, labels: [] } }, columns)).toBeNull()
  expect(confusionOf({ plan }, null)).toBeNull()
  expect(confusionOf({ plan: null }, columns)).toBeNull()
})
