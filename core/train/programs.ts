import { add, maximum, sum, type Tensor, valueAndGrads, zerosLike } from '@tensorflow/tfjs-core'
import type { RunConfig } from '../contract/settings.ts'
import type { Precision, Program, SessionSpec, TensorSpec, Tensors } from '../engine/engine.ts'
import { clipByGlobalNorm } from '../nn/global-norm.ts'
import { loraParams } from '../nn/lora.ts'
import { type Params, paramsOf } from '../nn/params.ts'
import { rngOf } from '../nn/random.ts'
import { type Attention, watchAttention } from '../nn/watch.ts'
import type { BatchConfig } from '../tasks/task.ts'
import type { LoadedModel } from './load-model.ts'
import { gradSumName, optimizerState, scalarNames } from './optimizer.ts'
import type { Trainable } from './trainable.ts'
import { updateRules } from './update-rules.ts'

/** One program a padded length: shapes are static. */
export const trainProgram = (length: number) => `train/${length}`
/** Adds a batch's gradient up; there only when steps consist of several batches, of which the last one is trained. */
export const accumulateProgram = (length: number) => `accumulate/${length}`
export const evaluateProgram = (length: number) => `evaluate/${length}`
/** One of the task's own: see Task.own. */
export const ownProgram = (name: string) => `own/${name}`
const ownVariable = ownProgram

export type ProgramConfig = BatchConfig &
  Pick<
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
  const computed = computationOf(model, trainable, config)
  const trained = new Set(trainable.names)
  const own = ownPart(computed, config, lengths.evaluate)
  return {
    variables: {
      ...parameters,
      ...(training && bare(heldBetweenBatches(parameters, trainable, config))),
      ...own.variables,
    },
    optimized: training && config.optim === 'adamw' ? trainable.names : [],
    programs: Object.fromEntries([
      ...lengths.train.map((length) => [trainProgram(length), trainStep(computed, trainable, config, length)] as const),
      ...lengths.train
        .filter(() => config.gradient_accumulation_steps > 1)
        .map((length) => [accumulateProgram(length), accumulation(computed, trainable, config, length)] as const),
      ...lengths.evaluate.map((length) => [evaluateProgram(length), evaluation(computed, config, length)] as const),
      ...own.programs,
    ]),
    inPlace: own.inPlace,
    precision,
    // Only beside an adapter: other checkpoints hold the frozen weights too, and must hold them unchanged.
    halved:
      precision === 'bf16' && config.method === 'lora'
        ? Object.keys(model.parameters).filter((name) => !trained.has(name))
        : [],
  }
}

/** What the task runs beside training and evaluation, under names of its own. */
function ownPart(
  { model, paramsOf: params }: Computation,
  config: ProgramConfig,
  lengths: readonly number[],
): { variables: Record<string, TensorSpec>; programs: [string, Program][]; inPlace: string[] } {
  const own = lengths.length > 0 ? model.task.own?.(model, config, lengths) : undefined
  if (!own) return { variables: {}, programs: [], inPlace: [] }
  const names = Object.keys(own.variables)
  const programs = Object.entries(own.programs).map(([name, { feeds, run }]): [string, Program] => [
    ownProgram(name),
    {
      feeds,
      run(fed, variables) {
        const kept = Object.fromEntries(names.map((one) => [one, variables[ownVariable(one)] as Tensor]))
        const { updates = [], ...rest } = run(params(variables), fed, kept)
        return { ...rest, updates: updates.map((update) => ({ ...update, name: ownVariable(update.name) })) }
      },
    },
  ])
  const variables = Object.fromEntries(Object.entries(own.variables).map(([name, spec]) => [ownVariable(name), spec]))
  return { variables, programs, inPlace: own.inPlace.map(ownVariable) }
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

/** The parameters as a model reads them, adapters joined in. */
export function paramsWith(
  { targets }: Trainable,
  { lora_r: r, lora_alpha: alpha, lora_dropout: dropout }: ProgramConfig,
  variables: Tensors,
  recompute = false,
): Params {
  const base = paramsOf(variables, { recompute })
  return targets.length > 0 ? loraParams(base, variables, { r, alpha, dropout, targets }) : base
}

/** A run's model and task, as programs compute with them. */
interface Computation {
  readonly model: LoadedModel
  /** The parameters as the model reads them, adapters joined in. */
  paramsOf(variables: Tensors, recompute?: boolean): Params
}

function computationOf(model: LoadedModel, trainable: Trainable, config: ProgramConfig): Computation {
  return { model, paramsOf: (variables, recompute) => paramsWith(trainable, config, variables, recompute) }
}

const one: TensorSpec = { shape: [], dtype: 'float32' }

/** Feeds of a batch that gradients are taken of; `total_weight` is the weight of all batches of its step. */
function gradientFeeds({ model }: Computation, config: ProgramConfig, length: number): Record<string, TensorSpec> {
  return {
    ...model.task.batchSpecs(config.per_device_train_batch_size, length, config, model),
    rng: { shape: [2], dtype: 'int32' },
    ...(config.gradient_accumulation_steps > 1 && { total_weight: one }),
  }
}

/** Loss [] and gradients of one batch. Frozen parameters are constants: nothing flows to them. */
function lossAndGradients(
  { model, paramsOf: params }: Computation,
  { names }: Trainable,
  config: ProgramConfig,
  feeds: Tensors,
  variables: Tensors,
): { value: Tensor; grads: Tensor[] } {
  const total = feeds.total_weight ?? maximum(sum(feeds.weights as Tensor), 1e-12)
  // All are read here: one that is first read while gradients are taken is gone afterwards.
  const before = { ...variables }
  const loss = (...trained: Tensor[]): Tensor => {
    const present = { ...before, ...Object.fromEntries(names.map((name, i) => [name, trained[i] as Tensor])) }
    return model.task.trainingLoss(
      model,
      params(present, config.gradient_checkpointing),
      feeds,
      rngOf(feeds.rng as Tensor),
      total,
      config,
    )
  }
  return valueAndGrads(loss)(names.map((name) => before[name] as Tensor))
}

/** Forward, backward and adding up for a batch that is not the last one of its step. */
function accumulation(computed: Computation, trainable: Trainable, config: ProgramConfig, length: number): Program {
  return {
    feeds: gradientFeeds(computed, config, length),
    run(feeds, variables) {
      const { value, grads } = lossAndGradients(computed, trainable, config, feeds, variables)
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
function trainStep(computed: Computation, trainable: Trainable, config: ProgramConfig, length: number): Program {
  const { names } = trainable
  const accumulates = config.gradient_accumulation_steps > 1
  return {
    feeds: {
      ...gradientFeeds(computed, config, length),
      ...Object.fromEntries(scalarNames.map((name) => [name, one])),
    },
    run(feeds, variables) {
      const { value, grads } = lossAndGradients(computed, trainable, config, feeds, variables)
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

/** What the task's evaluation needs of a batch. */
function evaluation({ model, paramsOf: params }: Computation, config: ProgramConfig, length: number): Program {
  return {
    feeds: model.task.batchSpecs(config.per_device_eval_batch_size, length, config, model),
    run: (feeds, variables) => ({ fetches: model.task.evaluation(model, params(variables), feeds) }),
  }
}

/** The parts of an attention, as an attention program fetches them: see nn/watch.ts. */
export const attentionParts = ['queries', 'keys', 'values', 'weights', 'sums'] as const satisfies (keyof Attention)[]

/** "attention/<number>/<part>", numbered from 0 in the order of computation. */
export const attentionFetch = (number: number, part: keyof Attention) => `attention/${number}/${part}`

/**
 * A task's evaluation with every attention of the model beside what it fetches: what each head looked at, and with what.
 * A program to be run by itself, not while training: it keeps everything.
 */
export function attentionProgram(
  model: LoadedModel,
  trainable: Trainable,
  config: ProgramConfig,
  length: number,
): Program {
  const computed = evaluation(computationOf(model, trainable, config), config, length)
  return {
    feeds: computed.feeds,
    run(feeds, variables) {
      const { result, attentions } = watchAttention(() => computed.run(feeds, variables))
      const watched = attentions.flatMap((attention, number) =>
        attentionParts.map((part) => [attentionFetch(number, part), attention[part]] as const),
      )
      return { ...result, fetches: { ...result.fetches, ...Object.fromEntries(watched) } }
    },
  }
}
