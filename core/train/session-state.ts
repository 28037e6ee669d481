import { join } from 'node:path'
import { openSafetensors, writeSafetensors } from '../checkpoint/safetensors.ts'
import { optimizerFile } from '../checkpoint/training-state.ts'
import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { Session, TensorSpec } from '../engine/engine.ts'
import type { LoadedModel } from './load-model.ts'
import { stateNames } from './optimizer.ts'
import { heldBetweenBatches } from './programs.ts'
import { countParameters, type Trainable } from './trainable.ts'
import { readVariables, writeVariables } from './variables.ts'
import { restoreVariables, trainedSpecs } from './weights.ts'

/** What the optimizer keeps in the session, by variable: float32, saved and set exactly. */
function stateSpecs(
  model: LoadedModel,
  trainable: Trainable,
  { optim }: Pick<RunConfig, 'optim'>,
): Record<string, TensorSpec> {
  const trained = Object.entries(trainedSpecs(model, trainable))
  return Object.fromEntries(
    trained.flatMap(([name, spec]) => stateNames(optim, name).map((state) => [state, spec] as const)),
  )
}

export async function writeOptimizer(
  dir: string,
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  config: Pick<RunConfig, 'optim'>,
): Promise<void> {
  await writeSafetensors(join(dir, optimizerFile), readVariables(session, stateSpecs(model, trainable, config)))
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
): Promise<void> {
  // An adapter leans on its base model; any other checkpoint is a whole model folder.
  await restoreVariables(session, config.method === 'lora' ? model : { ...model, dir }, trainable, dir)
  clearHeld(session, model, trainable, config)
  readOptimizer(dir, session, model, trainable, config)
}

/** Sets the optimizer's variables to what a checkpoint holds. Throws as restoreSession. */
export function readOptimizer(
  dir: string,
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  config: Pick<RunConfig, 'optim'>,
): void {
  const file = openSafetensors(join(dir, optimizerFile))
  try {
    writeVariables(session, stateSpecs(model, trainable, config), (name, { shape }) => {
      if (String(file.tensors.get(name)?.shape) !== String(shape)) {
        throw new AttuneError('bad_file', `${optimizerFile} in ${dir} has no "${name}" of the shape [${shape}].`)
      }
      return file.read(name)
    })
  } finally {
    file.close()
  }
}

/** Bytes of a checkpoint's tensors: the weights that it holds, and the optimizer's. */
export function checkpointBytes(model: LoadedModel, trainable: Trainable, config: RunConfig): number {
  const weights = config.method === 'lora' ? trainedSpecs(model, trainable) : model.parameters
  const trained = countParameters(trainedSpecs(model, trainable))
  return 4 * (countParameters(weights) + trained * stateNames(config.optim, '').length)
}
