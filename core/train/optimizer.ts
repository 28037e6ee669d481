import type { RunConfig } from '../contract/settings.ts'
import { adamwScalars, momentNames, type TensorSpec, type Values } from '../engine/engine.ts'

/**
 * Names that carry no weight decay, as transformers' Trainer.get_decay_parameter_names decides: biases and norms (GPT-2's
 * are called "ln_…"; there they are known by their class).
 */
const undecayed = /bias|layernorm|rmsnorm|(?:^|\.)ln_|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)/i

/** Whether AdamW's weight decay applies to a parameter. */
export function decays(name: string): boolean {
  return !undecayed.test(name)
}

export function decayOf(name: string, { weight_decay }: Pick<RunConfig, 'weight_decay'>): number {
  return decays(name) ? weight_decay : 0
}

/** What an update is fed beside its batch: `rng` is int32 [2], the others are float32 scalars. */
export const scalarNames = ['learning_rate', 'step_size', 'epsilon_hat', 'fresh_share', 'kept_share'] as const

/** SGD's momentum, as is usual; torch.optim.SGD(momentum=0.9). */
export const sgdMomentum = 0.9

/** The variables that SGD keeps its momentum in, and gradient accumulation its sums. */
export const momentumName = (name: string) => `momentum/${name}`
export const gradSumName = (name: string) => `grad_sum/${name}`

/** The variables that Adafactor keeps its second moments in: two of a matrix, one of a vector. */
export const adafactorNames = (name: string) => ({
  row: `adafactor_row/${name}`,
  column: `adafactor_col/${name}`,
  whole: `adafactor_v/${name}`,
})

/** What the optimizer remembers of a parameter from step to step, by variable; zero at first. */
export function optimizerState(
  optim: RunConfig['optim'],
  name: string,
  { shape }: TensorSpec,
): Record<string, TensorSpec> {
  const kept = (size: readonly number[]): TensorSpec => ({ shape: size, dtype: 'float32' })
  switch (optim) {
    case 'adamw': {
      const { m, v } = momentNames(name)
      return { [m]: kept(shape), [v]: kept(shape) }
    }
    case 'sgd':
      return { [momentumName(name)]: kept(shape) }
    case 'adafactor': {
      const { row, column, whole } = adafactorNames(name)
      if (shape.length < 2) return { [whole]: kept(shape) }
      return { [row]: kept(shape.slice(0, -1)), [column]: kept([...shape.slice(0, -2), shape.at(-1) as number]) }
    }
  }
}

/** Adafactor's 1 − β2 at update `step` (from 1), as transformers computes it: decay_rate −0.8. */
const adafactorFresh = (step: number) => step ** -0.8

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
    fresh_share: Float32Array.of(adafactorFresh(step)),
    kept_share: Float32Array.of(1 - adafactorFresh(step)),
  }
}
