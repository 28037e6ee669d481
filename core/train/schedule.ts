import type { RunConfig } from '../contract/settings.ts'

/** How the learning rate moves: linear rise over the warm-up steps, then the named fall over the remaining ones. */
export interface Schedule {
  readonly type: RunConfig['lr_scheduler_type']
  readonly warmupSteps: number
  readonly totalSteps: number
}

/** Optimizer steps of a run: `max_steps` when given, else the epochs', rounded up (as transformers' Trainer counts); none without training. */
export function totalSteps(
  config: Pick<RunConfig, 'max_steps' | 'num_train_epochs' | 'method'>,
  stepsPerEpoch: number,
): number {
  if (config.method === 'none') return 0
  return config.max_steps > 0 ? config.max_steps : Math.ceil(config.num_train_epochs * stepsPerEpoch)
}

export function scheduleOf(config: Pick<RunConfig, 'lr_scheduler_type' | 'warmup_ratio'>, steps: number): Schedule {
  return { type: config.lr_scheduler_type, warmupSteps: Math.ceil(steps * config.warmup_ratio), totalSteps: steps }
}

/**
 * The factor on the peak learning rate for the update that follows `doneSteps` updates: 0 for the very first one of a
 * warm-up. Formulas: transformers' optimization.py, get_{linear,cosine,constant}_schedule_with_warmup.
 */
export function scheduleFactor({ type, warmupSteps, totalSteps }: Schedule, doneSteps: number): number {
  if (doneSteps < warmupSteps) return doneSteps / Math.max(1, warmupSteps)
  const falling = Math.max(1, totalSteps - warmupSteps)
  switch (type) {
    case 'constant':
      return 1
    case 'linear':
      return Math.max(0, (totalSteps - doneSteps) / falling)
    case 'cosine':
      return Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (doneSteps - warmupSteps)) / falling)))
  }
}
