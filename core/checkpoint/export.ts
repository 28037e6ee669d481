import { constants } from 'node:fs'
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { architectureInfos } from '../contract/architectures.ts'
import { modelFields } from '../contract/ecosystem.ts'
import { AttuneError } from '../contract/errors.ts'
import type { TaskName } from '../contract/settings.ts'
import { adapterConfigFile, openAdapter } from './adapter.ts'
import { companionFile } from './companions.ts'
import { readConfigAsWritten, readJson, readModelConfig } from './config.ts'
import { mergedTensors } from './merge.ts'
import { type CardFacts, type ExportKind, type Library, modelCard } from './model-card.ts'
import { className } from './names.ts'
import { writeSafetensors } from './safetensors.ts'
import { saveCheckpoint, verifyCheckpoint } from './save.ts'
import { runFiles } from './training-state.ts'
import { openWeights, weightsFile } from './weights.ts'

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
    const taken = isAdapter && merge ? (name: string) => companionFile.test(name) : isModelFile
    for (const name of names.filter(taken)) await copyWithin(checkpointDir, dir, name)
    // An adapter checkpoint may leave the tokenizer with its base.
    const there = new Set(await readdir(dir))
    for (const name of await readdir(modelDir)) {
      if (companionFile.test(name) && !there.has(name)) await copyWithin(modelDir, dir, name)
    }
    if (kind === 'adapter') await nameBaseModel(dir, card.baseModel)
    await writeFile(join(dir, 'README.md'), modelCard(card, task, labels, kind, await libraryOf(dir)))
  })
  return { path: destination, bytes, files: (await readdir(destination)).sort() }
}

/** What loads the weights, where it is not transformers. An adapter's folder has no config.json of a model. */
async function libraryOf(dir: string): Promise<Library> {
  const { model_type: modelType } = (await readJson(dir, 'config.json')) ?? {}
  return architectureInfos[String(modelType)]?.library ?? 'transformers'
}

/** The state of the training stays behind. */
function isModelFile(name: string): boolean {
  return !name.includes('/') && !runFiles.has(name)
}

/** Copies, sharing blocks where the file system can. */
async function copyWithin(from: string, to: string, name: string): Promise<void> {
  await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE)
}

/** A run's adapter names the base model's folder on this machine; an exported one names the model. */
async function nameBaseModel(dir: string, baseModel: string): Promise<void> {
  const path = join(dir, adapterConfigFile)
  const config: Record<string, unknown> = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, `${JSON.stringify({ ...config, base_model_name_or_path: baseModel }, null, 2)}\n`)
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
