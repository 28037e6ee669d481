import { describe, expect, test } from 'vitest'
import { evaluationMetrics, macroF1, probabilities, type ScoredRows } from '../../../core/tasks/text-classification.ts'

describe('macro F1', () => {
  test('is the mean of the classes’ own', () => {
    // By hand: class 0 tp 2 fp 1 fn 0 → 0.8; class 1 tp 1 fp 0 fn 1 → 2/3; class 2 tp 1 → 1.
    expect(macroF1([0, 0, 1, 1, 2], [0, 0, 0, 1, 2], 3)).toBeCloseTo((0.8 + 2 / 3 + 1) / 3, 12)
  })

  test('leaves out classes that occur nowhere', () => {
    expect(macroF1([0, 1], [0, 1], 5)).toBe(1)
  })

  test('counts a class that was only ever guessed as 0', () => {
    expect(macroF1([0, 0], [0, 1], 2)).toBeCloseTo(2 / 3 / 2, 12)
  })
})

test('metrics are over all rows', () => {
  const scored: ScoredRows = {
    rows: Int32Array.of(3, 5, 8, 9),
    gold: Int32Array.of(0, 1, 1, 0),
    predicted: Int32Array.of(0, 1, 0, 0),
    loss: Float64Array.of(0.1, 0.2, 1.5, 0.2),
    scores: new Float64Array(8),
  }
  const metrics = evaluationMetrics(scored, 2)
  expect(metrics['eval/accuracy']).toBe(0.75)
  expect(metrics['eval/loss']).toBeCloseTo(0.5, 12)
  expect(metrics['eval/f1']).toBeCloseTo((0.8 + 2 / 3) / 2, 12)
})

describe('a prediction', () => {
  test('sums to one for logits of any size', () => {
    const scores = probabilities([1000, 999, -1000])
    expect(scores.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
    expect(scores[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 12)
  })
})
