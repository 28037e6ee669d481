import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { pearson, spearman } from '../../core/tasks/metrics/correlation.ts'
import { entitiesOf, entityScores } from '../../core/tasks/metrics/entities.ts'
import { answerF1, exactMatch } from '../../core/tasks/metrics/squad.ts'

/** Metrics against seqeval, scipy and torchmetrics: make-metrics.py made the numbers. */

const numbers = z.array(z.number())
const rows = z.array(z.array(z.string()))
const table = z
  .object({
    tags: z.array(z.object({ gold: rows, predicted: rows, precision: z.number(), recall: z.number(), f1: z.number() })),
    numbers: z.array(z.object({ gold: numbers, predicted: numbers, pearson: z.number(), spearman: z.number() })),
    answers: z.array(z.object({ gold: z.string(), predicted: z.string(), exact: z.number(), f1: z.number() })),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'metrics.json'), 'utf8')))

test.each(table.tags)('named things are counted as seqeval counts them (%#)', ({ gold, predicted, ...expected }) => {
  const scores = entityScores(gold, predicted)
  for (const name of ['precision', 'recall', 'f1'] as const) expect(scores[name]).toBeCloseTo(expected[name], 12)
})

test.each(table.numbers)('correlations are those of scipy (%#)', ({ gold, predicted, ...expected }) => {
  expect(pearson(gold, predicted)).toBeCloseTo(expected.pearson, 10)
  expect(spearman(gold, predicted)).toBeCloseTo(expected.spearman, 10)
})

test.each(table.answers)('"$predicted" for "$gold" counts as in SQuAD', ({ gold, predicted, exact, f1 }) => {
  expect(exactMatch(predicted, gold)).toBe(exact)
  expect(answerF1(predicted, gold)).toBeCloseTo(f1, 6)
})

describe('at the edges', () => {
  test('columns that do not vary have no correlation', () => {
    expect(pearson([1, 1, 1], [1, 2, 3])).toBe(0)
    expect(spearman([1, 2, 3], [5, 5, 5])).toBe(0)
  })

  test('a thing ends where another begins, and at the end of the row', () => {
    expect(entitiesOf(['B-PER', 'B-PER', 'I-PER', 'I-LOC'])).toEqual([
      { kind: 'PER', from: 0, to: 0 },
      { kind: 'PER', from: 1, to: 2 },
      { kind: 'LOC', from: 3, to: 3 },
    ])
    expect(entitiesOf(['O', 'O'])).toEqual([])
  })
})
