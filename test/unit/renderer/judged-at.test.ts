import { expect, test } from 'vitest'
import type { Run } from '../../../core/contract/domain.ts'
import { judgedAt } from '../../../renderer/features/compare/judged-at.ts'

function run(measure: string, recorded: Record<string, number>): Pick<Run, 'config' | 'metrics'> {
  const best = (step: number) => ({ value: 0.5, step })
  const metrics = Object.entries(recorded).map(([name, step]) => [name, { last: best(99), best: best(step) }])
  return { config: { metric_for_best_model: measure } as Run['config'], metrics: Object.fromEntries(metrics) }
}

test('judged answers are those of the checkpoints that were best by the measure chosen', () => {
  const one = run('eval/loss', { 'eval/loss': 3, 'eval/accuracy': 9 })
  const other = run('eval/loss', { 'eval/loss': 60 })
  expect(judgedAt([one, other])).toBe('answers of the best checkpoints, by validation loss: steps 3 and 60')
  expect(judgedAt([one, run('eval/accuracy', { 'eval/accuracy': 7 })])).toBe(
    'answers of the best checkpoints: steps 3 and 7',
  )
  expect(judgedAt([one, run('eval/loss', {})])).toBeNull()
})
