import type { Confusion, Run } from '../contract/domain.ts'
import type { PredictionColumns } from '../store/queries/predictions.ts'

/** Null where there are no classes, or no predictions. */
export function confusionOf({ plan }: Pick<Run, 'plan'>, predictions: PredictionColumns | null): Confusion | null {
  if (!plan || plan.labels.length === 0 || !predictions || predictions.gold.length === 0) return null
  const counts = plan.labels.map(() => plan.labels.map(() => 0))
  for (const [i, gold] of predictions.gold.entries()) {
    const row = counts[gold] as number[]
    const predicted = predictions.predicted[i] as number
    row[predicted] = (row[predicted] as number) + 1
  }
  return { labels: plan.labels, counts }
}
