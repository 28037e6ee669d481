import { copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { adapterParts, writeAdapter } from '../checkpoint/adapter.ts'
import { companionFile } from '../checkpoint/companions.ts'
import { readConfigAsWritten } from '../checkpoint/config.ts'
import { linkModel } from '../checkpoint/link.ts'
import { modulesOf } from '../checkpoint/names.ts'
import { taskNames } from '../contract/ecosystem.ts'
import type { Session } from '../engine/engine.ts'
import { readVariables } from '../engine/variables.ts'
import type { TrainSpec } from '../worker/protocol.ts'
import type { LoadedModel } from './load-model.ts'
import type { Trainable } from './trainable.ts'
import { trainedSpecs } from './weights.ts'
import { writeVariablesTo } from './write-variables.ts'

/** What a checkpoint says of its run beside the weights; `fields` are those of its data (PreparedData). */
interface WrittenRun extends Pick<TrainSpec, 'config' | 'labels' | 'modelDir'> {
  readonly fields?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Puts a session's present weights into a folder: a whole Hugging Face model (config.json, model.safetensors, tokenizer
 * files), or for method "lora" a PEFT adapter with the head beside it.
 */
export function checkpointWriter(
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  { config, labels, modelDir, fields }: WrittenRun,
): (dir: string) => Promise<void> {
  if (config.method === 'lora') {
    return async (dir) => {
      await writeAdapter(dir, readVariables(session, trainedSpecs(model, trainable)), {
        task: taskNames[config.task].adapter,
        r: config.lora_r,
        alpha: config.lora_alpha,
        dropout: config.lora_dropout,
        // With frozen layers, the ends of names would fit layers that have no adapter.
        targetModules: config.num_frozen_layers > 0 ? trainable.targets : config.target_modules,
        modulesToSave: modulesOf(model.architecture.modelType, adapterParts(trainable.names).whole),
        fanInFanOut: trainable.targets.some((path) => model.parameters[`${path}.weight`]?.matrix === 'conv1d'),
        baseModel: modelDir,
      })
      await writeFiles(dir, model.task.files?.(modelDir))
    }
  }
  if (config.method === 'none') return (dir) => linkModel(modelDir, dir)
  return async (dir) => {
    await writeVariablesTo(join(dir, 'model.safetensors'), session, model.parameters)
    await writeFile(
      join(dir, 'config.json'),
      `${JSON.stringify({ ...(await exportedConfig(model, modelDir, labels)), ...fields }, null, 2)}\n`,
    )
    for (const name of await readdir(modelDir)) {
      if (companionFile.test(name)) await copyFile(join(modelDir, name), join(dir, name))
    }
    await writeFiles(dir, model.task.files?.(modelDir))
  }
}

async function writeFiles(dir: string, files: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text)
}

/** The model's config.json with what the task says of it, as transformers saves such a model. */
async function exportedConfig(
  { head, task }: LoadedModel,
  modelDir: string,
  labels: readonly string[],
): Promise<Record<string, unknown>> {
  return { ...(await readConfigAsWritten(modelDir)), architectures: [head.className], ...task.modelFields(labels) }
}
