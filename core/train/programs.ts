import { add, maximum, sum, type Tensor, valueAndGrads, zerosLike } from '@tensorflow/tfjs-core'
import type { RunConfig } from '../contract/settings.ts'
import type { Precision, Program, SessionSpec, TensorSpec, Tensors } from '../engine/engine.ts'
import { clipByGlobalNorm } from '../nn/global-norm.ts'
import { loraParams } from '../nn/lora.ts'
import { type Params, paramsOf } from '../nn/params.ts'
import { type Rng, rngOf } from '../nn/random.ts'
import { batchLoss, batchSpecs, modelInput, trainingLoss } from '../tasks/text-classification.ts'
import type { LoadedModel } from './load-model.ts'
import { gradSumName, optimizerState, scalarNames } from './optimizer.ts'
import type { Trainable } from './trainable.ts'
import { updateRules } from './update-rules.ts'

/** One program a padded length: shapes are static. */
export const trainProgram = (length: number) => `train/${length}`
/** Adds a batch's gradient up; there only when steps consist of several batches, of which the last one is trained. */
export const accumulateProgram = (length: number) => `accumulate/${length}`
export const evaluateProgram = (length: number) => `evaluate/${length}`

export type ProgramConfig = Pick<
  RunConfig,
  | 'method'
  | 'optim'
  | 'gradient_accumulation_steps'
  | 'gradient_checkpointing'
  | 'label_smoothing_factor'
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
 * get what the optimizer keeps of them, and each length has its programs.
 */
export function sessionSpec(
  model: LoadedModel,
  trainable: Trainable,
  config: ProgramConfig,
  lengths: ProgramLengths,
  precision: Precision = 'fp32',
): SessionSpec {
  const training = lengths.train.length > 0
  const parameters = bare({ ...model.parameters, ...trainable.adapters })
  const forward = forwardOf(model, trainable, config)
  const trained = new Set(trainable.names)
  return {
    variables: { ...parameters, ...(training && bare(heldBetweenBatches(parameters, trainable, config))) },
    optimized: training && config.optim === 'adamw' ? trainable.names : [],
    programs: Object.fromEntries([
      ...lengths.train.map((length) => [trainProgram(length), trainStep(forward, trainable, config, length)] as const),
      ...lengths.train
        .filter(() => config.gradient_accumulation_steps > 1)
        .map((length) => [accumulateProgram(length), accumulation(forward, trainable, config, length)] as const),
      ...lengths.evaluate.map((length) => [evaluateProgram(length), evaluation(forward, config, length)] as const),
    ]),
    precision,
    // Only beside an adapter: other checkpoints hold the frozen weights too, and must hold them unchanged.
    halved:
      precision === 'bf16' && config.method === 'lora'
        ? Object.keys(model.parameters).filter((name) => !trained.has(name))
        : [],
  }
}

function bare(specs: Readonly<Record<string, TensorSpec>>): Record<string, TensorSpec> {
  return Object.fromEntries(Object.entries(specs).map(([name, { shape, dtype }]) => [name, { shape, dtype }]))
}

/** Variables that are no parameters and not the engine's own: the optimizer's and accumulated gradients. Zero at first. */
export function heldBetweenBatches(
  parameters: Readonly<Record<string, TensorSpec>>,
  { names }: Trainable,
  { optim, gradient_accumulation_steps }: Pick<ProgramConfig, 'optim' | 'gradient_accumulation_steps'>,
): Record<string, TensorSpec> {
  const specOf = (name: string) => parameters[name] as TensorSpec
  return Object.fromEntries([
    ...(optim === 'adamw' ? [] : names.flatMap((name) => Object.entries(optimizerState(optim, name, specOf(name))))),
    ...(gradient_accumulation_steps > 1 ? names.map((name) => [gradSumName(name), specOf(name)] as const) : []),
  ])
}

/** Logits [batch, classes] of a batch under these variables. `rng` null turns dropout off. */
type Forward = (feeds: Tensors, variables: Tensors, rng: Rng | null) => Tensor

function forwardOf({ architecture, config: modelConfig }: LoadedModel, { targets }: Trainable, config: ProgramConfig) {
  const { lora_r: r, lora_alpha: alpha, lora_dropout: dropout } = config
  const forward: Forward = (feeds, variables, rng) => {
    const base = paramsOf(variables, config.gradient_checkpointing && rng !== null)
    const params: Params = targets.length > 0 ? loraParams(base, variables, { r, alpha, dropout, targets }) : base
    return architecture.forward(modelConfig, params, modelInput(feeds), rng)
  }
  return forward
}

const one: TensorSpec = { shape: [], dtype: 'float32' }

/** Feeds of a batch that gradients are taken of; `total_weight` are the rows of all batches of its step. */
function gradientFeeds(config: ProgramConfig, length: number): Record<string, TensorSpec> {
  return {
    ...batchSpecs(config.per_device_train_batch_size, length),
    rng: { shape: [2], dtype: 'int32' },
    ...(config.gradient_accumulation_steps > 1 && { total_weight: one }),
  }
}

/** Loss [] and gradients of one batch. Frozen parameters are constants: nothing flows to them. */
function lossAndGradients(
  forward: Forward,
  { names }: Trainable,
  { label_smoothing_factor: smoothing }: ProgramConfig,
  feeds: Tensors,
  variables: Tensors,
): { value: Tensor; grads: Tensor[] } {
  const total = feeds.total_weight ?? maximum(sum(feeds.weights as Tensor), 1e-12)
  // All are read here: one that is first read while gradients are taken is gone afterwards.
  const before = { ...variables }
  const loss = (...trained: Tensor[]): Tensor => {
    const present = { ...before, ...Object.fromEntries(names.map((name, i) => [name, trained[i] as Tensor])) }
    return trainingLoss(forward(feeds, present, rngOf(feeds.rng as Tensor)), feeds, smoothing, total)
  }
  return valueAndGrads(loss)(names.map((name) => before[name] as Tensor))
}

/** Forward, backward and adding up for a batch that is not the last one of its step. */
function accumulation(forward: Forward, trainable: Trainable, config: ProgramConfig, length: number): Program {
  return {
    feeds: gradientFeeds(config, length),
    run(feeds, variables) {
      const { value, grads } = lossAndGradients(forward, trainable, config, feeds, variables)
      const updates = trainable.names.map((name, i) => ({
        kind: 'assign' as const,
        name: gradSumName(name),
        value: add(variables[gradSumName(name)] as Tensor, grads[i] as Tensor),
      }))
      return { fetches: { loss: value }, updates }
    },
  }
}

/** Forward, backward, clipping and the optimizer's update for the last (or only) batch of a step. */
function trainStep(forward: Forward, trainable: Trainable, config: ProgramConfig, length: number): Program {
  const { names } = trainable
  const accumulates = config.gradient_accumulation_steps > 1
  return {
    feeds: { ...gradientFeeds(config, length), ...Object.fromEntries(scalarNames.map((name) => [name, one])) },
    run(feeds, variables) {
      const { value, grads } = lossAndGradients(forward, trainable, config, feeds, variables)
      const summed = accumulates
        ? grads.map((grad, i) => add(variables[gradSumName(names[i] as string)] as Tensor, grad))
        : grads
      const { clipped, norm } = clipByGlobalNorm(summed, config.max_grad_norm)
      const { updates = [], ...rest } = updateRules[config.optim](names, clipped, config, feeds, variables)
      const cleared = names.map((name) => ({
        kind: 'assign' as const,
        name: gradSumName(name),
        value: zerosLike(variables[name] as Tensor),
      }))
      return {
        fetches: { loss: value, grad_norm: norm },
        updates: accumulates ? [...updates, ...cleared] : updates,
        ...rest,
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
