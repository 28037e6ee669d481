import type { RunConfig } from '../contract/settings.ts'
import { adamwScalars, momentNames, type Values } from '../engine/engine.ts'

/**
 * Names that carry no weight decay, as transformers' Trainer.get_decay_parameter_names decides: biases and norms (GPT-2's
 * are called "ln_…"; there they are known by their class).
 */
const undecayed = /bias|layernorm|rmsnorm|(?:^|\.)ln_|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)/i

/** Whether AdamW's weight decay applies to a parameter. */
export function decays(name: string): boolean {
  return !undecayed.test(name)
}

/** What an update is fed beside its batch: `rng` is int32 [2], the others are float32 scalars. */
export const scalarNames = ['learning_rate', 'step_size', 'epsilon_hat'] as const

/** SGD's momentum, as is usual; torch.optim.SGD(momentum=0.9). */
export const sgdMomentum = 0.9

/** The variables that SGD keeps its momentum in, and gradient accumulation its sums. */
export const momentumName = (name: string) => `momentum/${name}`
export const gradSumName = (name: string) => `grad_sum/${name}`

/** What the optimizer remembers of a parameter from step to step, by variable. */
export function stateNames(optim: RunConfig['optim'], name: string): readonly string[] {
  if (optim === 'sgd') return [momentumName(name)]
  const { m, v } = momentNames(name)
  return [m, v]
}

/**
 * The feeds of update number `step` (from 1), by the names of the train program; `draw` numbers the micro-batches of the
 * run from 1, so that each has its own dropout.
 */
export function stepFeeds(
  config: Pick<RunConfig, 'adam_beta1' | 'adam_beta2' | 'adam_epsilon' | 'seed'>,
  step: number,
  learningRate: number,
  draw = step,
): Record<(typeof scalarNames)[number] | 'rng', Values> {
  const { adam_beta1: beta1, adam_beta2: beta2, adam_epsilon: epsilon, seed } = config
  const scalars = adamwScalars(learningRate, step, { beta1, beta2, epsilon })
  return {
    rng: Int32Array.of(seed, draw),
    learning_rate: Float32Array.of(scalars.learningRate),
    step_size: Float32Array.of(scalars.stepSize),
    epsilon_hat: Float32Array.of(scalars.epsilonHat),
  }
}
