import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scheduleFactor, scheduleOf, totalSteps } from '../../../core/train/schedule.ts'

const rows = z
  .array(
    z.object({
      type: z.enum(['linear', 'cosine', 'constant']),
      steps: z.number(),
      warmupRatio: z.number(),
      factors: z.array(z.number()),
    }),
  )
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../golden/schedules.json'), 'utf8')))

describe('the learning rate', () => {
  test.each(rows)('$type over $steps steps, warm-up $warmupRatio, is that of transformers', (row) => {
    const schedule = scheduleOf({ lr_scheduler_type: row.type, warmup_ratio: row.warmupRatio }, row.steps)
    const factors = row.factors.map((_, done) => scheduleFactor(schedule, done))
    factors.forEach((factor, done) => {
      expect(factor).toBeCloseTo(row.factors[done] as number, 12)
    })
  })
})

describe('the number of steps', () => {
  test('is the epochs rounded up', () => {
    expect(totalSteps({ method: 'full', max_steps: -1, num_train_epochs: 2.5 }, 7)).toBe(18)
  })

  test('is none where nothing is trained', () => {
    expect(totalSteps({ method: 'none', max_steps: 5, num_train_epochs: 2.5 }, 7)).toBe(0)
  })

  test('is max_steps when given', () => {
    expect(totalSteps({ method: 'lora', max_steps: 5, num_train_epochs: 2.5 }, 7)).toBe(5)
  })
})
