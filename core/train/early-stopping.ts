import { seriesInfos } from '../contract/domain.ts'
import type { RunConfig } from '../contract/settings.ts'

export type EarlyStoppingConfig = Pick<
  RunConfig,
  'metric_for_best_model' | 'early_stopping_patience' | 'early_stopping_threshold'
>

/** Whether `value` is better than `former` by more than `threshold`; the earlier one wins a draw. */
export function improves(
  metric: RunConfig['metric_for_best_model'],
  value: number,
  former: number,
  threshold = 0,
): boolean {
  const { better } = seriesInfos.find(({ name }) => name === metric) ?? { better: 'higher' }
  return better === 'lower' ? value < former - threshold : value > former + threshold
}

/**
 * Counts evaluations without improvement, as transformers' EarlyStoppingCallback: each is compared with the best so far,
 * and one that is not better by more than the threshold counts, even if it is the best by a little.
 */
export class EarlyStopping {
  withoutImprovement: number
  private readonly config: EarlyStoppingConfig

  constructor(config: EarlyStoppingConfig, withoutImprovement = 0) {
    this.config = config
    this.withoutImprovement = withoutImprovement
  }

  /** One more evaluation; `best` is null at the first one. */
  count(value: number, best: number | null): void {
    const { metric_for_best_model: metric, early_stopping_threshold: threshold } = this.config
    const improved = best === null || improves(metric, value, best, threshold)
    this.withoutImprovement = improved ? 0 : this.withoutImprovement + 1
  }

  get isDue(): boolean {
    const patience = this.config.early_stopping_patience
    return patience > 0 && this.withoutImprovement >= patience
  }
}
