import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type ArchitectureInfo, architectureInfos } from '../contract/architectures.ts'
import { AttuneError } from '../contract/errors.ts'

/** config.json of a model folder: the fields that every architecture has, whatever it calls them. */
export interface ModelConfig {
  /** The whole file. */
  readonly json: Readonly<Record<string, unknown>>
  readonly modelType: string
  /** What the file calls the fields below. */
  readonly fields: ArchitectureInfo['fields']
  /** These are 0 where the architecture has none: positions then have no limit. */
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly layers: number
  readonly heads: number
  readonly maxPositions: number
  /** Of the embeddings: hiddenSize where they have no width of their own. */
  readonly embeddingSize: number
}

const size = z.number().int().positive()
const typeSchema = z.looseObject({ model_type: z.string().min(1).max(100) })

/** model_types that models/registry.ts can run. */
export const runnableModelTypes: readonly string[] = Object.keys(architectureInfos)

/** Throws AttuneError: not_found, bad_file naming the field, unsupported (architecture, or code in the folder). */
export async function readModelConfig(dir: string): Promise<ModelConfig> {
  const json = await readJson(dir, 'config.json')
  if (json === null) {
    const message = `There is no config.json in ${dir}. Choose a folder that a Hugging Face model was saved to.`
    throw new AttuneError('not_found', message)
  }
  if (json.auto_map !== undefined) {
    const message = `config.json in ${dir} has auto_map: the model brings its own code, which is never run here. Choose a model of a built-in architecture (${runnableModelTypes.join(', ')}).`
    throw new AttuneError('unsupported', message)
  }
  const { model_type: given } = json
  if (typeof given === 'string' && !runnableModelTypes.includes(given)) {
    const message = `config.json in ${dir}: the architecture "${given.slice(0, 100)}" is not known to this version; known are ${runnableModelTypes.join(', ')}.`
    throw new AttuneError('unsupported', message)
  }
  const { model_type: modelType } = checked(dir, typeSchema, json)
  const { fields: names, positionsAfterPadding } = architectureInfos[modelType] as ArchitectureInfo
  const { embeddingSize: own, ...required } = names
  const present = Object.values(required).filter((name) => name !== null)
  const sizesSchema = z.looseObject({
    ...Object.fromEntries(present.map((name) => [name, size])),
    ...(own !== undefined && { [own]: size.nullish() }),
  })
  const sizes = checked(dir, sizesSchema, json)
  const field = (name: keyof typeof required) => (required[name] === null ? 0 : (sizes[required[name]] as number))
  const hiddenSize = field('hiddenSize')
  return {
    json,
    modelType,
    fields: names,
    vocabSize: field('vocabSize'),
    hiddenSize,
    layers: field('layers'),
    heads: field('heads'),
    maxPositions: field('maxPositions') - (positionsAfterPadding ? paddingOf(json) + 1 : 0),
    embeddingSize: ((own && sizes[own]) as number | null | undefined) ?? hiddenSize,
  }
}

/** The padding token's id, 1 where config.json does not say it: RoBERTa's. */
function paddingOf({ pad_token_id: id }: Readonly<Record<string, unknown>>): number {
  return typeof id === 'number' ? id : 1
}

function checked<T>(dir: string, schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AttuneError('bad_file', `config.json in ${dir}: ${issue?.path.join('.')}: ${issue?.message}.`)
}

/**
 * config.json for writing it again: whole numbers that are written as fractions ("1.0") stay so, which transformers
 * insists on. Throws AttuneError bad_file.
 */
export async function readConfigAsWritten(dir: string): Promise<Readonly<Record<string, unknown>>> {
  return (await readJson(dir, 'config.json', asWritten)) ?? {}
}

function asWritten(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  const isFraction = typeof value === 'number' && Number.isInteger(value) && /[.eE]/.test(source ?? '')
  return isFraction ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source as string) : value
}

/** A JSON object from a folder, null when the file is not there. Throws AttuneError bad_file. */
export async function readJson(
  dir: string,
  name: string,
  reviver?: (key: string, value: unknown, context?: { source?: string }) => unknown,
): Promise<Record<string, unknown> | null> {
  let text: string
  try {
    text = await readFile(join(dir, name), 'utf8')
  } catch {
    return null
  }
  try {
    const json: unknown = JSON.parse(text, reviver)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>
  } catch (cause) {
    throw new AttuneError('bad_file', `${name} in ${dir} is not valid JSON.`, undefined, { cause })
  }
  throw new AttuneError('bad_file', `${name} in ${dir} is not a JSON object.`)
}
