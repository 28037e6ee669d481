import * as tf from '@tensorflow/tfjs-core'
import { AttuneError } from '../contract/errors.ts'
import type { ParameterSpec } from '../models/architecture.ts'
import { dropout } from './dropout.ts'
import type { Params } from './params.ts'
import type { Rng } from './random.ts'

/**
 * Low-rank adaptation (Hu et al. 2021) with peft's semantics: beside a frozen linear layer stands a second path,
 * y = x·Wᵀ + b + (alpha/r) · dropout(x)·Aᵀ·Bᵀ, with A [r, in] and B [out, r]. B begins at zero, so a fresh adapter
 * changes nothing.
 */
export interface LoraOptions {
  readonly r: number
  readonly alpha: number
  /** Probability of dropping an input of the low-rank path while training. */
  readonly dropout: number
  /** Full paths of the adapted modules. */
  readonly targets: readonly string[]
}

const suffixA = 'lora_A.weight'
const suffixB = 'lora_B.weight'

/**
 * Paths of the linear layers whose name ends with one of `targetModules`, as peft matches them. Throws AttuneError
 * `bad_config` naming a module that matches nothing.
 */
export function loraTargets(
  parameters: Readonly<Record<string, ParameterSpec>>,
  targetModules: readonly string[],
): string[] {
  const layers = Object.entries(parameters)
    .filter(([name, { shape, matrix }]) => name.endsWith('.weight') && shape.length === 2 && matrix !== 'table')
    .map(([name]) => name.slice(0, -'.weight'.length))
  const matches = (path: string, target: string) => path === target || path.endsWith(`.${target}`)
  const unknown = targetModules.filter((target) => !layers.some((path) => matches(path, target)))
  if (unknown.length > 0) {
    const known = [...new Set(layers.map((path) => path.split('.').at(-1)))].join(', ')
    throw new AttuneError(
      'bad_config',
      `target_modules: the model has no linear layer "${unknown[0]}". It has ${known}.`,
    )
  }
  return layers.filter((path) => targetModules.some((target) => matches(path, target)))
}

/** The adapter's parameters, named as peft names them below each module. */
export function loraParameters(
  parameters: Readonly<Record<string, ParameterSpec>>,
  targets: readonly string[],
  r: number,
): Record<string, ParameterSpec> {
  const adapters: Record<string, ParameterSpec> = {}
  for (const path of targets) {
    const weight = parameters[`${path}.weight`]
    if (!weight) throw new Error(`no parameter "${path}.weight" to adapt`)
    const [rows, columns] = weight.shape as [number, number]
    const [out, width] = weight.matrix === 'conv1d' ? [columns, rows] : [rows, columns]
    // peft draws A by kaiming_uniform with a = √5, which comes to this bound.
    adapters[`${path}.${suffixA}`] = {
      shape: [r, width],
      dtype: 'float32',
      init: { kind: 'uniform', bound: 1 / Math.sqrt(width) },
    }
    adapters[`${path}.${suffixB}`] = { shape: [out, r], dtype: 'float32', init: { kind: 'zeros' } }
  }
  return adapters
}

/** `base` with the adapters joined in: models read it like any other Params. `tensors` holds the adapters by full name. */
export function loraParams(base: Params, tensors: Readonly<Record<string, tf.Tensor>>, options: LoraOptions): Params {
  const targets = new Set(options.targets)
  const at = (place: Params): Params => ({
    path: place.path,
    recompute: place.recompute,
    inference: place.inference,
    at: (name) => at(place.at(name)),
    get: (name) => place.get(name),
    has: (name) => place.has(name),
    tensors: () => place.tensors(),
    delta: (x, rng) =>
      targets.has(place.path) ? lowRankPath(place.path, tensors, x, options, rng) : place.delta(x, rng),
  })
  return at(base)
}

function lowRankPath(
  path: string,
  tensors: Readonly<Record<string, tf.Tensor>>,
  x: tf.Tensor,
  { r, alpha, dropout: rate }: LoraOptions,
  rng: Rng | null,
): tf.Tensor {
  const a = tensors[`${path}.${suffixA}`]
  const b = tensors[`${path}.${suffixB}`]
  if (!a || !b) throw new Error(`the adapter of "${path}" is missing`)
  const narrow = tf.matMul(dropout(x, rate, rng), a as tf.Tensor2D, false, true)
  return tf.matMul(tf.mul(narrow, alpha / r), b as tf.Tensor2D, false, true)
}
