import { join } from 'node:path'
import { openSafetensors } from '../checkpoint/safetensors.ts'
import { optimizerFile } from '../checkpoint/training-state.ts'
import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { Session, TensorSpec } from '../engine/engine.ts'
import { writeVariables } from '../engine/variables.ts'
import type { LoadedModel } from './load-model.ts'
import { gradSumName, optimizerState } from './optimizer.ts'
import { heldBetweenBatches } from './programs.ts'
import { countParameters, type Trainable } from './trainable.ts'
import { restoreVariables, trainedSpecs } from './weights.ts'
import { writeVariablesTo } from './write-variables.ts'

/** What the optimizer keeps in the session, by variable: float32, saved and set exactly. Amid a step, the sums too. */
function stateSpecs(
  model: LoadedModel,
  trainable: Trainable,
  { optim }: Pick<RunConfig, 'optim'>,
  amidStep = false,
): Record<string, TensorSpec> {
  const trained = Object.entries(trainedSpecs(model, trainable))
  return Object.fromEntries([
    ...trained.flatMap(([name, spec]) => Object.entries(optimizerState(optim, name, spec))),
    ...(amidStep ? trained.map(([name, spec]) => [gradSumName(name), spec] as const) : []),
  ])
}

export async function writeOptimizer(
  dir: string,
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  config: Pick<RunConfig, 'optim'>,
  amidStep: boolean,
): Promise<void> {
  await writeVariablesTo(join(dir, optimizerFile), session, stateSpecs(model, trainable, config, amidStep))
}

/** Sets what is kept between batches to zero, for the beginning of a run. Moments are the engine's, and zero already. */
export function clearHeld(session: Session, model: LoadedModel, trainable: Trainable, config: RunConfig): void {
  const parameters = { ...model.parameters, ...trainable.adapters }
  const held = heldBetweenBatches(parameters, trainable, config)
  writeVariables(session, held, (_, { shape }) => new Float32Array(shape.reduce((a, b) => a * b, 1)))
}

/**
 * Sets weights and optimizer to what a checkpoint holds, bit for bit. Throws AttuneError bad_file naming a tensor that
 * is missing or has another shape.
 */
export async function restoreSession(
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  config: RunConfig,
  dir: string,
  amidStep: boolean,
): Promise<void> {
  // An adapter leans on its base model; any other checkpoint is a whole model folder.
  await restoreVariables(session, config.method === 'lora' ? model : { ...model, dir }, trainable, dir)
  clearHeld(session, model, trainable, config)
  readOptimizer(dir, session, model, trainable, config, amidStep)
}

/** Sets the optimizer's variables to what a checkpoint holds; amid a step, the gradients added up too. Throws as restoreSession. */
export function readOptimizer(
  dir: string,
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  config: RunConfig,
  amidStep: boolean,
): void {
  const file = openSafetensors(join(dir, optimizerFile))
  try {
    writeVariables(session, stateSpecs(model, trainable, config, amidStep), (name, { shape }) => {
      if (String(file.tensors.get(name)?.shape) !== String(shape)) {
        throw new AttuneError('bad_file', `${optimizerFile} in ${dir} has no "${name}" of the shape [${shape}].`)
      }
      return file.read(name)
    })
  } finally {
    file.close()
  }
}

/** Bytes of a checkpoint's tensors, at most: the weights that it holds, the optimizer's, and gradients added up. */
export function checkpointBytes(model: LoadedModel, trainable: Trainable, config: RunConfig): number {
  const weights = config.method === 'lora' ? trainedSpecs(model, trainable) : model.parameters
  const summed = config.gradient_accumulation_steps > 1 ? countParameters(trainedSpecs(model, trainable)) : 0
  return 4 * (countParameters(weights) + summed) + optimizerBytes(model, trainable, config)
}

/** Bytes that the optimizer keeps from step to step, in memory and in a checkpoint. */
export function optimizerBytes(model: LoadedModel, trainable: Trainable, config: Pick<RunConfig, 'optim'>): number {
  return 4 * countParameters(stateSpecs(model, trainable, config))
}
