import type { DecidedRun } from './new-run.ts'

/** Of what is available. */
const surely = 0.5
/** The program, TensorFlow's library, rows and copies on their way. */
const besides = 1e9

/**
 * Whether a run needs no forecast to begin: even generous sums of its memory and disk are far below what is there. So the usual
 * run is not held up by the second that a forecast takes.
 */
export function surelyFits(decided: DecidedRun, availableBytes: number, freeDiskBytes: number): boolean {
  return mostBytes(decided) <= surely * availableBytes && mostDiskBytes(decided) <= surely * freeDiskBytes
}

/** More than a run takes: weights, gradients and moments of all parameters, and everything that a batch computes. */
export function mostBytes({ config, model }: Pick<DecidedRun, 'config' | 'model'>): number {
  const length = model.maxPositions > 0 ? Math.min(config.max_length, model.maxPositions) : config.max_length
  const perToken =
    model.layers * (60 * model.hiddenSize + 8 * model.heads * length) + 4 * Math.min(model.vocabSize, 65_536)
  // Of a pair, both answers.
  const sequences = config.task === 'preference' ? 2 : 1
  const batch = (rows: number, share: number) => 4 * sequences * rows * length * perToken * share
  const training = batch(config.per_device_train_batch_size, 1)
  // Without gradients hardly more than one layer is there at once.
  const evaluating = batch(config.per_device_eval_batch_size, 0.5)
  return besides + 24 * model.parameters + Math.max(training, evaluating)
}

/** Checkpoints with weights, moments and gradients of all parameters: those that are kept, and room for the next. */
function mostDiskBytes({ config, model }: Pick<DecidedRun, 'config' | 'model'>): number {
  return besides + 16 * model.parameters * (config.save_total_limit + 3)
}
