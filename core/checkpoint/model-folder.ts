import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ArchitectureInfo, architectureInfos, usualLayer } from '../contract/architectures.ts'
import type { Model } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { loadTokenizer, readTokenizerIfAny, type Tokenizer } from '../data/tokenizers/tokenizer.ts'
import { modelFile } from './companions.ts'
import { type ModelConfig, readJson, readModelConfig } from './config.ts'
import { licenceOf } from './licence.ts'
import { readHeader } from './safetensors.ts'
import { elementCount, type TensorInfo } from './safetensors-header.ts'
import { indexFile } from './shard-index.ts'
import { isFloating, openWeights, weightFiles, weightsFile } from './weights.ts'

/** A checked model folder: what the Model record says of it, and the files that belong to it. */
export interface ModelFolder extends Omit<Model, 'id' | 'name' | 'createdAt' | 'source'> {
  /** Plain file names, weights included: what to copy when the model is added. */
  readonly files: readonly string[]
}

export interface InspectOptions {
  /** Bytes of the weights hashed so far, and in all. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/**
 * Reads everything about a Hugging Face folder but its numbers: config.json, headers, tokenizer; the weights are only
 * hashed. Nothing in it is executed. Throws AttuneError: not_found (a file is missing), bad_file (parts that are
 * damaged or do not fit together, or pickled weights only), unsupported (architecture, code in the folder), stopped.
 */
export async function inspectModelFolder(dir: string, options: InspectOptions = {}): Promise<ModelFolder> {
  const names = await namesIn(dir)
  const config = await readModelConfig(dir)
  if ((await readJson(dir, 'tokenizer_config.json'))?.auto_map !== undefined) {
    const message = `tokenizer_config.json in ${dir} has auto_map: the tokenizer brings its own code, which is never run here.`
    throw new AttuneError('unsupported', message)
  }
  requireSafeWeights(dir, names)
  const tensors = await tensorsOf(dir)
  checkShapes(dir, config, tensors)
  const tokenizer = await tokenizerOf(dir, config)
  const weights = weightFiles(dir)
  const files = [...names.filter((name) => modelFile.test(name)), ...weights]
  if (!weights.includes(weightsFile)) files.push(indexFile)
  const licence = await licenceOf(dir)
  return {
    architecture: config.modelType,
    ...(licence !== undefined && { licence }),
    parameters: [...tensors.values()].filter(isFloating).reduce((sum, { shape }) => sum + elementCount(shape), 0),
    bytes: await totalBytes(dir, files),
    weightsHash: await hashFiles(dir, weights, options),
    tokenizerHash: tokenizer?.hash ?? '',
    vocabSize: config.vocabSize,
    hiddenSize: config.hiddenSize,
    layers: config.layers,
    heads: config.heads,
    maxPositions: config.maxPositions,
    linearModules: linearModulesOf(tensors, architectureInfos[config.modelType]?.checkpoint.tables),
    files: files.sort(),
  }
}

/** Null where the architecture has none. */
async function tokenizerOf(dir: string, { modelType, vocabSize, fields }: ModelConfig): Promise<Tokenizer | null> {
  const comes = architectureInfos[modelType]?.tokenizer ?? true
  if (comes === false || (comes === 'some' && (await readTokenizerIfAny(dir)) === null)) return null
  const tokenizer = await loadTokenizer(dir)
  if (tokenizer.vocabSize <= vocabSize) return tokenizer
  const message = `The tokenizer in ${dir} has ${tokenizer.vocabSize} tokens, but the model only has ${vocabSize} (${fields.vocabSize}).`
  throw new AttuneError('bad_file', message)
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
  } catch (cause) {
    throw new AttuneError('not_found', `${dir} is not a folder that can be read.`, undefined, { cause })
  }
}

/** Pickled weights can run code when they are loaded: they are never opened. */
function requireSafeWeights(dir: string, names: readonly string[]): void {
  if (existsSync(join(dir, weightsFile)) || existsSync(join(dir, indexFile))) return
  const pickled = names.find((name) => /\.(bin|pt|pth|ckpt|pkl|h5|msgpack)$/i.test(name))
  if (pickled === undefined) {
    throw new AttuneError(
      'not_found',
      `There is no ${weightsFile} in ${dir}. Choose a folder with the model's weights.`,
    )
  }
  const message = `${dir} only has weights as ${pickled}, a format that can run code when it is read. Save the model as ${weightsFile} first: model.save_pretrained(folder) in transformers does it.`
  throw new AttuneError('bad_file', message)
}

async function tensorsOf(dir: string): Promise<Map<string, TensorInfo>> {
  // Opening them checks index and shards against each other.
  const weights = await openWeights(dir)
  weights.close()
  return new Map(weightFiles(dir).flatMap((name) => [...readHeader(join(dir, name)).tensors]))
}

/** config.json and the headers say the same: embeddings by vocabulary and width, and the number of layers. */
function checkShapes(dir: string, config: ModelConfig, tensors: ReadonlyMap<string, TensorInfo>): void {
  const { fields } = config
  const { embeddings: end, layer = usualLayer } = (architectureInfos[config.modelType] as ArchitectureInfo).checkpoint
  if (end !== null) {
    const ends = [end].flat()
    const embeddings = ends
      .map((one) => [...tensors].find(([name]) => name === one || name.endsWith(`.${one}`)))
      .find((found) => found !== undefined)
    if (!embeddings) throw new AttuneError('bad_file', `The weights in ${dir} have no word embeddings.`)
    const [name, { shape }] = embeddings
    if (String(shape) !== String([config.vocabSize, config.embeddingSize])) {
      const message = `The tensor "${name}" in ${dir} is [${shape}], but config.json asks for [${config.vocabSize},${config.embeddingSize}] (${fields.vocabSize}, ${fields.embeddingSize ?? fields.hiddenSize}).`
      throw new AttuneError('bad_file', message)
    }
  }
  if (layer === null) return
  const numbers = [...tensors.keys()].map((tensor) => Number(layer.exec(tensor)?.[1] ?? -1))
  const layers = numbers.reduce((most, number) => Math.max(most, number), -1) + 1
  if (layers !== config.layers) {
    const message = `The weights in ${dir} have ${layers} layers, but config.json says ${config.layers} (${fields.layers}).`
    throw new AttuneError('bad_file', message)
  }
}

/**
 * Ends of names of the linear layers inside numbered blocks, in the order of the file: "query", "key", "value", and
 * longer ones where the last part alone would mean several ("attention.output.dense", "output.dense").
 */
function linearModulesOf(tensors: ReadonlyMap<string, TensorInfo>, tables: RegExp | undefined): string[] {
  const paths = new Set<string>()
  for (const [name, { shape }] of tensors) {
    const match = /(?:^|\.)(?:layers?|h|block)\.\d+\.(.+)\.weight$/.exec(name)
    if (match?.[1] && shape.length === 2 && !tables?.test(name)) paths.add(match[1])
  }
  return [...paths].map((path) => shortEnd(path, [...paths])).sort()
}

/** The shortest end of `path`, in whole parts, that is the name of one kind of layer; else all of it. */
function shortEnd(path: string, paths: readonly string[]): string {
  const parts = path.split('.')
  for (let take = 1; take < parts.length; take++) {
    const end = parts.slice(-take).join('.')
    if (paths.filter((other) => other === end || other.endsWith(`.${end}`)).length === 1) return end
  }
  return path
}

async function totalBytes(dir: string, files: readonly string[]): Promise<number> {
  let bytes = 0
  for (const name of files) bytes += (await stat(join(dir, name))).size
  return bytes
}

/** SHA-256 over the files' bytes one after the other, hex: for one file, the file's own. */
async function hashFiles(
  dir: string,
  files: readonly string[],
  { onProgress = () => {}, signal }: InspectOptions,
): Promise<string> {
  const total = await totalBytes(dir, files)
  const hash = createHash('sha256')
  let done = 0
  for (const name of files) {
    const chunks = createReadStream(join(dir, name), { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>
    for await (const chunk of chunks) {
      if (signal?.aborted) throw new AttuneError('stopped', 'Adding the model was cancelled.')
      hash.update(chunk)
      done += chunk.length
      onProgress(done, total)
    }
  }
  return hash.digest('hex')
}
