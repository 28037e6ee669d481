import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openAdapter } from '../checkpoint/adapter.ts'
import { readJson, readModelConfig } from '../checkpoint/config.ts'
import { mergedTensors } from '../checkpoint/merge.ts'
import type { TensorToWrite } from '../checkpoint/safetensors.ts'
import { openWeights, type Weights } from '../checkpoint/weights.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Engine, Precision } from '../engine/engine.ts'
import { giveBack, writeTensors } from '../engine/variables.ts'
import type { ParameterSpec } from '../models/architecture.ts'
import { architectureOf } from '../models/registry.ts'
import type { CacheLayout } from '../nn/kv-cache.ts'
import { type GeneratorLayout, TokenGenerator } from './generator.ts'
import { memoryOf } from './memory.ts'
import { type GeneratingModel, generationSpec, keptShape, resetProgram } from './programs.ts'
import { transposed } from './transposed.ts'

export interface GeneratorSpec {
  /** A folder with a whole model. */
  readonly modelDir: string
  /** A LoRA adapter for it, which is added to the weights; null for none. */
  readonly adapterDir: string | null
  /** Texts at once. */
  readonly batch: number
  readonly precision: 'auto' | Precision
  /** Tokens that a text has room for, prompt included; the model's own number of positions when absent. */
  readonly maxPositions?: number
  /** Tokens that end a text beside those that the folder names. */
  readonly endIds?: readonly number[]
  /** Positions a block of the cache; what suits the engine when absent. */
  readonly blockLength?: number
}

/** Short enough to read few empty places, long enough for few programs: each takes time when it first runs. */
const usualBlock = 128
/** The shortest prompt that there is a program for; then each twice as long. */
const shortestPrompt = 16

/**
 * Loads a model for generating. Throws AttuneError: not_found, bad_file (weights that are not whole), unsupported (a
 * model that does not write, or a precision that the engine lacks).
 */
export async function openGenerator(engine: Engine, spec: GeneratorSpec): Promise<TokenGenerator> {
  const { modelDir, adapterDir, batch } = spec
  const { json, modelType, maxPositions: most } = await readModelConfig(modelDir)
  const architecture = architectureOf(modelType)
  const head = architecture.heads.languageModel
  if (!head) throw new AttuneError('unsupported', `A model of type "${modelType}" does not write text.`)
  const config = architecture.parseConfig(json)
  const model: GeneratingModel = { head, config, parameters: head.parameters(config, 0) }
  const { layers, heads, hiddenSize, headWidth = hiddenSize / heads, vocabSize } = architecture.describe(config)
  const maxPositions = Math.min(spec.maxPositions ?? most, most)
  // Our own attention reads no empty places however long a block is: one program does.
  const blockLength = spec.blockLength ?? (engine.fused ? maxPositions : usualBlock)
  const layout = layoutFor({ layers, batch, heads, size: headWidth }, maxPositions, blockLength)
  const memory = memoryOf(head, config, layout.cache)
  const endIds = [...(await endIdsOf(modelDir, json)), ...(spec.endIds ?? [])]
  const precision = await engine.precision(spec.precision)
  const session = await engine.open(generationSpec(model, memory, layout.prefillLengths, precision))
  try {
    await fillWeights(modelDir, adapterDir, modelType, model, (tensors) => writeTensors(session, tensors))
    session.run(resetProgram, {})
    return new TokenGenerator(session, { ...layout, memory, vocabSize, endIds })
  } catch (thrown) {
    session.close()
    throw thrown
  }
}

/** The cache and the prompt lengths for texts of so many tokens. */
function layoutFor(
  sizes: Pick<CacheLayout, 'layers' | 'batch' | 'heads' | 'size'>,
  maxPositions: number,
  blockLength: number,
): Pick<GeneratorLayout, 'prefillLengths' | 'maxPositions'> & { readonly cache: CacheLayout } {
  const prefillLengths: number[] = []
  for (let length = shortestPrompt; length < maxPositions; length *= 2) prefillLengths.push(length)
  const block = Math.min(blockLength, maxPositions)
  const cache: CacheLayout = { ...sizes, blockLength: block, blocks: Math.ceil(maxPositions / block) }
  return { cache, prefillLengths: [...prefillLengths, maxPositions], maxPositions }
}

/** The tokens that end a text, as transformers finds them: generation_config.json, else config.json. */
async function endIdsOf(dir: string, json: Readonly<Record<string, unknown>>): Promise<number[]> {
  const { eos_token_id: own } = json
  const { eos_token_id: id = own } = existsSync(join(dir, 'generation_config.json'))
    ? ((await readJson(dir, 'generation_config.json')) ?? {})
    : {}
  return [id].flat().filter((one) => typeof one === 'number')
}

/** Reads every weight and hands it to `write`, those that an adapter changes with the change in them. */
async function fillWeights(
  modelDir: string,
  adapterDir: string | null,
  modelType: string,
  model: GeneratingModel,
  write: (tensors: Iterable<TensorToWrite>) => void,
): Promise<void> {
  const base = largestFirst(await openWeights(modelDir))
  try {
    if (adapterDir === null) {
      write(checked(whole(base, model), model, modelDir))
      return
    }
    const adapter = await openAdapter(adapterDir)
    try {
      write(checked(mergedTensors(base, adapter, modelType, 'text-generation'), model, modelDir))
    } finally {
      adapter.close()
    }
  } finally {
    base.close()
  }
}

/** A tensor lies about twice while it is handed over: the large ones then, when little else is there yet. */
function largestFirst(weights: Weights): Weights {
  const size = (name: string) => weights.shape(name).reduce((product, length) => product * length, 1)
  return { ...weights, names: () => weights.names().toSorted((a, b) => size(b) - size(a)) }
}

function* whole(base: Weights, { head }: GeneratingModel): Generator<TensorToWrite> {
  for (const source of base.names()) {
    const name = head.rename(source)
    if (name !== null) yield { name, shape: base.shape(source), data: base.read(source) }
  }
}

/** Those that are parameters of the model, as its session keeps them; throws AttuneError bad_file for one that is misshapen or never comes. */
function* checked(
  tensors: Iterable<TensorToWrite>,
  { parameters }: GeneratingModel,
  dir: string,
): Generator<TensorToWrite> {
  const missing = new Set(Object.keys(parameters))
  for (const tensor of tensors) {
    const spec = parameters[tensor.name]
    if (!spec) continue
    if (String(tensor.shape) !== String(spec.shape)) {
      const message = `The tensor "${tensor.name}" has the shape [${tensor.shape}], but this model needs [${spec.shape}] (${dir}).`
      throw new AttuneError('bad_file', message, { tensor: tensor.name })
    }
    missing.delete(tensor.name)
    yield spec.matrix === 'conv1d' ? turned(tensor, spec) : tensor
  }
  const [lost] = missing
  if (lost !== undefined) throw new AttuneError('bad_file', `The weights lack "${lost}" (${dir}).`, { tensor: lost })
}

function turned({ name, data }: TensorToWrite, spec: ParameterSpec): TensorToWrite {
  const [rows, columns] = spec.shape as [number, number]
  const tensor = { name, shape: keptShape(spec), data: transposed(data, rows, columns) }
  giveBack(data)
  return tensor
}
