import type { RunConfig } from '../contract/settings.ts'
import { adamwScalars, type Values } from '../engine/engine.ts'

/** Names that carry no weight decay, as transformers' Trainer.get_decay_parameter_names decides: biases and norms. */
const undecayed = /bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)/i

/** Whether AdamW's weight decay applies to a parameter. */
export function decays(name: string): boolean {
  return !undecayed.test(name)
}

/** What an update is fed beside its batch: `rng` is int32 [2], the others are float32 scalars. */
export const scalarNames = ['learning_rate', 'step_size', 'epsilon_hat'] as const

/** The feeds of update number `step` (from 1), by the names of the train program. */
export function stepFeeds(
  config: Pick<RunConfig, 'adam_beta1' | 'adam_beta2' | 'adam_epsilon' | 'seed'>,
  step: number,
  learningRate: number,
): Record<(typeof scalarNames)[number] | 'rng', Values> {
  const { adam_beta1: beta1, adam_beta2: beta2, adam_epsilon: epsilon, seed } = config
  const scalars = adamwScalars(learningRate, step, { beta1, beta2, epsilon })
  return {
    rng: Int32Array.of(seed, step),
    learning_rate: Float32Array.of(scalars.learningRate),
    step_size: Float32Array.of(scalars.stepSize),
    epsilon_hat: Float32Array.of(scalars.epsilonHat),
  }
}
