import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { TensorSpec } from '../engine/engine.ts'
import type { ParameterSpec } from '../models/architecture.ts'
import { loraParameters, loraTargets } from '../nn/lora.ts'
import type { LoadedModel } from './load-model.ts'

/** Which numbers a run changes, by method. */
export interface Trainable {
  /** Adapter parameters that join the model's own; empty unless the method is "lora". */
  readonly adapters: Readonly<Record<string, ParameterSpec>>
  /** Paths of the linear layers that are adapted. */
  readonly targets: readonly string[]
  /** Names of the trained parameters, adapters included. */
  readonly names: readonly string[]
}

export type TrainableConfig = Pick<RunConfig, 'method' | 'lora_r' | 'target_modules' | 'num_frozen_layers'>

/**
 * none: nothing; full: every parameter; lora: the adapters and the head; head: the head alone. Frozen layers have neither trained
 * parameters nor adapters. Throws AttuneError bad_config when `target_modules` fits no layer of the model, or
 * `num_frozen_layers` is more than it has or leaves nothing to adapt.
 */
export function trainableOf(model: LoadedModel, config: TrainableConfig): Trainable {
  const frozen = frozenPlaces(model, config.num_frozen_layers)
  const names = Object.keys(model.parameters).filter((name) => !model.parameters[name]?.frozen)
  const head = names.filter((name) => isHead(model, name))
  const plain = (chosen: readonly string[]): Trainable => ({ adapters: {}, targets: [], names: chosen })
  switch (config.method) {
    case 'full':
      return plain(names.filter((name) => !frozen(name)))
    case 'none':
      return plain([])
    case 'head':
      if (head.length === 0) {
        const message = 'method "head": this kind of model has no head to train alone. Choose "full" or "lora".'
        throw new AttuneError('bad_config', message)
      }
      return plain(head)
    case 'lora': {
      const targets = loraTargets(model.parameters, config.target_modules).filter((path) => !frozen(`${path}.`))
      if (targets.length === 0) {
        throw new AttuneError(
          'bad_config',
          `num_frozen_layers ${config.num_frozen_layers} leaves no layer to adapt. Choose fewer, or method "head".`,
        )
      }
      const adapters = loraParameters(model.parameters, targets, config.lora_r)
      return { adapters, targets, names: [...Object.keys(adapters), ...head] }
    }
  }
}

/** Whether a parameter lies in the embeddings or the lowest `layers` layers; with 0, none does. */
function frozenPlaces({ architecture, config }: LoadedModel, layers: number): (name: string) => boolean {
  const most = architecture.describe(config).layers
  if (layers > most) {
    const message = `num_frozen_layers is ${layers}, but the model has only ${most} layers. Choose ${most} or less.`
    throw new AttuneError('bad_config', message)
  }
  return (name) => {
    const layer = architecture.layerOf(name)
    return layers > 0 && layer !== null && layer < layers
  }
}

/** Whether a parameter belongs to the head ("classifier.weight"), or begins with it as the checkpoint lacks it. */
export function isHead({ head, lacking }: Pick<LoadedModel, 'head' | 'lacking'>, name: string): boolean {
  return head.prefixes.some((prefix) => name.startsWith(prefix)) || lacking.includes(name)
}

/** Numbers in tensors of these shapes. */
export function countParameters(parameters: Readonly<Record<string, TensorSpec>>): number {
  return Object.values(parameters).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
}
