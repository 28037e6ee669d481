import type { Run } from '../../../core/contract/domain.ts'
import { seriesInfo } from '../../charts/series.ts'

type Judged = Pick<Run, 'config' | 'metrics'>

/**
 * Where the judged answers come from: a table of best figures shows each at a step of its own, which may be another. Null
 * where a run did not record what it is to be best by.
 */
export function judgedAt(runs: readonly Judged[]): string | null {
  const bests = runs.map(({ config, metrics }) => ({
    measure: config.metric_for_best_model,
    step: metrics[config.metric_for_best_model]?.best.step,
  }))
  if (bests.some(({ step }) => step === undefined)) return null
  const [first] = bests
  const alike = first && bests.every(({ measure }) => measure === first.measure)
  const by = alike ? `, by ${seriesInfo(first.measure).label.toLowerCase()}` : ''
  return `answers of the best checkpoints${by}: steps ${bests.map(({ step }) => step).join(' and ')}`
}
