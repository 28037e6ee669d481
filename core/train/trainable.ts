import type { RunConfig } from '../contract/settings.ts'
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

/**
 * full: every parameter; lora: the adapters and the head; head: the head alone. Throws AttuneError bad_config when
 * `target_modules` fits no layer of the model.
 */
export function trainableOf(
  model: LoadedModel,
  config: Pick<RunConfig, 'method' | 'lora_r' | 'target_modules'>,
): Trainable {
  const names = Object.keys(model.parameters)
  const head = names.filter((name) => isHead(model, name))
  const plain = (chosen: readonly string[]): Trainable => ({ adapters: {}, targets: [], names: chosen })
  switch (config.method) {
    case 'full':
      return plain(names)
    case 'head':
      return plain(head)
    case 'lora': {
      const targets = loraTargets(model.parameters, config.target_modules)
      const adapters = loraParameters(model.parameters, targets, config.lora_r)
      return { adapters, targets, names: [...Object.keys(adapters), ...head] }
    }
  }
}

/** Whether a parameter belongs to the head ("classifier.weight"). */
export function isHead(model: Pick<LoadedModel, 'architecture'>, name: string): boolean {
  return model.architecture.headPrefixes.some((prefix) => name.startsWith(prefix))
}

/** Numbers in parameters of these shapes. */
export function countParameters(parameters: Readonly<Record<string, ParameterSpec>>): number {
  return Object.values(parameters).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
}
