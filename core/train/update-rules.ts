import type { Tensor } from '@tensorflow/tfjs-core'
import type { RunConfig } from '../contract/settings.ts'
import type { ProgramResult, Tensors } from '../engine/engine.ts'
import { adafactor } from './adafactor.ts'
import { decayOf, momentumName, sgdMomentum } from './optimizer.ts'

export type UpdateConfig = Pick<RunConfig, 'weight_decay' | 'adam_beta1' | 'adam_beta2'>

/** What the clipped gradients of these parameters change. Feeds are the scalars of `stepFeeds`. */
export type UpdateRule = (
  names: readonly string[],
  grads: readonly Tensor[],
  config: UpdateConfig,
  feeds: Tensors,
  variables: Tensors,
) => Pick<ProgramResult, 'updates' | 'adamw'>

const adamw: UpdateRule = (names, grads, config, feeds) => ({
  updates: names.map((name, i) => ({
    kind: 'adamw' as const,
    name,
    grad: grads[i] as Tensor,
    weightDecay: decayOf(name, config),
  })),
  adamw: {
    learningRate: feeds.learning_rate as Tensor,
    stepSize: feeds.step_size as Tensor,
    epsilonHat: feeds.epsilon_hat as Tensor,
    beta1: config.adam_beta1,
    beta2: config.adam_beta2,
  },
})

const sgd: UpdateRule = (names, grads, config, feeds) => ({
  updates: names.map((name, i) => ({
    kind: 'momentum' as const,
    name,
    buffer: momentumName(name),
    grad: grads[i] as Tensor,
    weightDecay: decayOf(name, config),
    momentum: sgdMomentum,
    rate: feeds.learning_rate as Tensor,
  })),
})

export const updateRules: Readonly<Record<RunConfig['optim'], UpdateRule>> = { adamw, sgd, adafactor }
