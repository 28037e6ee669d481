import { constants } from 'node:fs'
import { copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { architectureInfos } from '../contract/architectures.ts'
import { modelFields, taskNames } from '../contract/ecosystem.ts'
import { AttuneError } from '../contract/errors.ts'
import type { TaskName } from '../contract/settings.ts'
import { adapterConfigFile, adapterParts, adapterWeightsFile, openAdapter, writeAdapter } from './adapter.ts'
import { companionFile } from './companions.ts'
import { readConfigAsWritten, readJson, readModelConfig } from './config.ts'
import { mergedTensors } from './merge.ts'
import { type CardFacts, type ExportKind, type Library, modelCard } from './model-card.ts'
import { className, moduleName, modulesOf, parameterName, renamesModules, tiedTensors } from './names.ts'
import { type TensorToWrite, writeSafetensors } from './safetensors.ts'
import { saveCheckpoint, verifyCheckpoint } from './save.ts'
import { runFiles } from './training-state.ts'
import { openWeights, type Weights, weightsFile } from './weights.ts'

export interface ExportOptions {
  /** That the run was for. */
  readonly task: TaskName
  /** The run's labels; a label's index is its class id. */
  readonly labels: readonly string[]
  readonly card: CardFacts
  /** An adapter and its base as one whole model. Nothing to do for a checkpoint that is whole already. */
  readonly merge?: boolean
}

/**
 * Copies a run's checkpoint as a folder for others: a Hugging Face model (config.json, model.safetensors, tokenizer,
 * README.md) or a PEFT adapter. The checkpoint is proved first, and the folder appears whole or not at all. Throws
 * AttuneError: not_found, bad_file (a damaged checkpoint), conflict (`destination` exists), disk_full.
 */
export async function exportCheckpoint(
  checkpointDir: string,
  modelDir: string,
  destination: string,
  { task, labels, card, merge = false }: ExportOptions,
): Promise<{ path: string; bytes: number; files: string[] }> {
  const manifest = await verifyCheckpoint(checkpointDir)
  const names = manifest.files.map(({ name }) => name)
  const isAdapter = names.includes(adapterConfigFile)
  const kind: ExportKind = isAdapter && !merge ? 'adapter' : 'model'
  const exists = await readdir(destination).catch(() => null)
  if (exists !== null) throw new AttuneError('conflict', `${destination} is there already. Choose another name.`)

  const { bytes } = await saveCheckpoint(destination, async (dir) => {
    if (isAdapter && merge) await writeMerged(checkpointDir, modelDir, dir, task, labels)
    else if (isAdapter) await writeForPeft(checkpointDir, modelDir, dir, task, card.baseModel)
    const taken = isAdapter && merge ? (name: string) => companionFile.test(name) : isModelFile
    for (const name of names.filter(taken)) await copyWithin(checkpointDir, dir, name)
    // An adapter checkpoint may leave the tokenizer with its base.
    const there = new Set(await readdir(dir))
    for (const name of await readdir(modelDir)) {
      if (companionFile.test(name) && !there.has(name)) await copyWithin(modelDir, dir, name)
    }
    await writeFile(join(dir, 'README.md'), modelCard(card, task, labels, kind, await libraryOf(dir)))
  })
  return { path: destination, bytes, files: (await readdir(destination)).sort() }
}

/** What loads the weights, where it is not transformers. An adapter's folder has no config.json of a model. */
async function libraryOf(dir: string): Promise<Library> {
  const { model_type: modelType } = (await readJson(dir, 'config.json')) ?? {}
  return architectureInfos[String(modelType)]?.library ?? 'transformers'
}

/** The state of the training stays behind; an adapter is written anew. */
function isModelFile(name: string): boolean {
  return !name.includes('/') && !runFiles.has(name) && name !== adapterConfigFile && name !== adapterWeightsFile
}

/** Copies, sharing blocks where the file system can. */
async function copyWithin(from: string, to: string, name: string): Promise<void> {
  await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE)
}

/**
 * A run's adapter has the names of its base model's checkpoint and of its folder on this machine. For peft it is written
 * with those of the modules that transformers makes of it, with all that its modules consist of, and with the model's name.
 */
async function writeForPeft(
  adapterDir: string,
  modelDir: string,
  to: string,
  task: TaskName,
  baseModel: string,
): Promise<void> {
  const { modelType } = await readModelConfig(modelDir)
  const adapter = await openAdapter(adapterDir)
  try {
    const { adapted, whole } = adapterParts(adapter.names())
    const own = adapter.names().map((name): TensorToWrite => {
      return { name: moduleName(modelType, name), shape: adapter.shape(name), data: adapter.read(name) }
    })
    const tied = whole.length > 0 ? await tiedIn(adapter, modelDir, modelType, task) : []
    await writeAdapter(to, [...own, ...tied], {
      ...adapter.config,
      task: taskNames[task].adapter,
      // Where names differ, so do the layers that a short end fits.
      targetModules: renamesModules(modelType)
        ? adapted.map((path) => moduleName(modelType, path))
        : adapter.config.targetModules,
      modulesToSave: modulesOf(modelType, whole).map((path) => moduleName(modelType, path)),
      baseModel,
    })
  } finally {
    adapter.close()
  }
}

/** What peft misses in a module that it takes whole: tensors that are those of the base, or of the adapter, again. */
async function tiedIn(adapter: Weights, modelDir: string, modelType: string, task: TaskName): Promise<TensorToWrite[]> {
  const tied = tiedTensors(modelType, task)
  if (tied.length === 0) return []
  const base = await openWeights(modelDir)
  try {
    const inBase = new Map(base.names().map((name) => [parameterName(modelType, name, task), name]))
    const own = new Set(adapter.names())
    return tied.map(([name, source]) => {
      const [from, stored] = own.has(source) ? [adapter, source] : [base, inBase.get(source) ?? source]
      return { name, shape: from.shape(stored), data: from.read(stored) }
    })
  } finally {
    base.close()
  }
}

async function writeMerged(
  adapterDir: string,
  modelDir: string,
  to: string,
  task: TaskName,
  labels: readonly string[],
): Promise<void> {
  const { modelType } = await readModelConfig(modelDir)
  const base = await openWeights(modelDir)
  try {
    const adapter = await openAdapter(adapterDir)
    try {
      await writeSafetensors(join(to, weightsFile), mergedTensors(base, adapter, modelType, task), { format: 'pt' })
    } finally {
      adapter.close()
    }
  } finally {
    base.close()
  }
  const written = await readConfigAsWritten(modelDir)
  const config = { ...written, architectures: [className(modelType, task)], ...modelFields(task, labels) }
  await writeFile(join(to, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
}
