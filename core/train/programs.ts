import { type Tensor, valueAndGrads } from '@tensorflow/tfjs-core'
import type { RunConfig } from '../contract/settings.ts'
import type { Program, SessionSpec, TensorSpec, Tensors } from '../engine/engine.ts'
import { clipByGlobalNorm } from '../nn/global-norm.ts'
import { loraParams } from '../nn/lora.ts'
import { type Params, paramsOf } from '../nn/params.ts'
import { type Rng, rngOf } from '../nn/random.ts'
import { batchLoss, batchSpecs, modelInput } from '../tasks/text-classification.ts'
import type { LoadedModel } from './load-model.ts'
import { decays, scalarNames } from './optimizer.ts'
import type { Trainable } from './trainable.ts'

/** One program a padded length: shapes are static. */
export const trainProgram = (length: number) => `train/${length}`
export const evaluateProgram = (length: number) => `evaluate/${length}`

export type ProgramConfig = Pick<
  RunConfig,
  | 'weight_decay'
  | 'max_grad_norm'
  | 'adam_beta1'
  | 'adam_beta2'
  | 'lora_r'
  | 'lora_alpha'
  | 'lora_dropout'
  | 'per_device_train_batch_size'
  | 'per_device_eval_batch_size'
>

export interface ProgramLengths {
  readonly train: readonly number[]
  readonly evaluate: readonly number[]
}

/**
 * Everything a run computes, as one session: the model's parameters and adapters are its variables, the trained ones
 * get AdamW moments, and each length has its programs.
 */
export function sessionSpec(
  model: LoadedModel,
  trainable: Trainable,
  config: ProgramConfig,
  lengths: ProgramLengths,
): SessionSpec {
  const bare = ({ shape, dtype }: TensorSpec): TensorSpec => ({ shape, dtype })
  const variables = Object.entries({ ...model.parameters, ...trainable.adapters })
  const forward = forwardOf(model, trainable, config)
  return {
    variables: Object.fromEntries(variables.map(([name, spec]) => [name, bare(spec)])),
    optimized: lengths.train.length > 0 ? trainable.names : [],
    programs: Object.fromEntries([
      ...lengths.train.map((length) => [trainProgram(length), trainStep(forward, trainable, config, length)] as const),
      ...lengths.evaluate.map((length) => [evaluateProgram(length), evaluation(forward, config, length)] as const),
    ]),
  }
}

/** Logits [batch, classes] of a batch under these variables. `rng` null turns dropout off. */
type Forward = (feeds: Tensors, variables: Tensors, rng: Rng | null) => Tensor

function forwardOf({ architecture, config: modelConfig }: LoadedModel, { targets }: Trainable, config: ProgramConfig) {
  const { lora_r: r, lora_alpha: alpha, lora_dropout: dropout } = config
  const forward: Forward = (feeds, variables, rng) => {
    const base = paramsOf(variables)
    const params: Params = targets.length > 0 ? loraParams(base, variables, { r, alpha, dropout, targets }) : base
    return architecture.forward(modelConfig, params, modelInput(feeds), rng)
  }
  return forward
}

/** Forward, backward, clipping and AdamW for one batch. Frozen parameters are constants: nothing flows to them. */
function trainStep(forward: Forward, trainable: Trainable, config: ProgramConfig, length: number): Program {
  const one: TensorSpec = { shape: [], dtype: 'float32' }
  const { names } = trainable
  return {
    feeds: {
      ...batchSpecs(config.per_device_train_batch_size, length),
      rng: { shape: [2], dtype: 'int32' },
      ...Object.fromEntries(scalarNames.map((name) => [name, one])),
    },
    run(feeds, variables) {
      const loss = (...trained: Tensor[]): Tensor => {
        const present = { ...variables, ...Object.fromEntries(names.map((name, i) => [name, trained[i] as Tensor])) }
        return batchLoss(forward(feeds, present, rngOf(feeds.rng as Tensor)), feeds).loss
      }
      const { value, grads } = valueAndGrads(loss)(names.map((name) => variables[name] as Tensor))
      const { clipped, norm } = clipByGlobalNorm(grads, config.max_grad_norm)
      return {
        fetches: { loss: value, grad_norm: norm },
        updates: names.map((name, i) => ({
          kind: 'adamw' as const,
          name,
          grad: clipped[i] as Tensor,
          weightDecay: decays(name) ? config.weight_decay : 0,
        })),
        adamw: {
          learningRate: feeds.learning_rate as Tensor,
          stepSize: feeds.step_size as Tensor,
          epsilonHat: feeds.epsilon_hat as Tensor,
          beta1: config.adam_beta1,
          beta2: config.adam_beta2,
        },
      }
    },
  }
}

/** Logits [batch, classes] and each row's loss [batch], without dropout. */
function evaluation(forward: Forward, config: ProgramConfig, length: number): Program {
  return {
    feeds: batchSpecs(config.per_device_eval_batch_size, length),
    run(feeds, variables) {
      const logits = forward(feeds, variables, null)
      return { fetches: { logits, loss: batchLoss(logits, feeds).perExample } }
    },
  }
}
