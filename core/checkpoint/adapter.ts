import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type AdapterTask, adapterTasks } from '../contract/ecosystem.ts'
import { AttuneError } from '../contract/errors.ts'
import { openSafetensors, type TensorToWrite, writeSafetensors } from './safetensors.ts'
import type { Weights } from './weights.ts'

/**
 * A LoRA adapter in the layout of the Python package peft: adapter_config.json, and adapter_model.safetensors with the
 * low-rank matrices and the trained head. peft.PeftModel.from_pretrained reads it over the same base model.
 */
export const adapterConfigFile = 'adapter_config.json'
export const adapterWeightsFile = 'adapter_model.safetensors'

export interface AdapterConfig {
  readonly task: AdapterTask
  readonly r: number
  readonly alpha: number
  readonly dropout: number
  /** Ends of the names of the adapted linear layers. */
  readonly targetModules: readonly string[]
  /** Paths of the modules that were trained whole; peft finds them by their ends. */
  readonly modulesToSave: readonly string[]
  /** Whether the adapted weights are [in, out], as GPT-2's Conv1D has them. */
  readonly fanInFanOut: boolean
  /** Folder or hub name of the base model, as peft should look for it. */
  readonly baseModel: string
}

/** What peft puts in front of every name of the base model. */
const prefix = 'base_model.model.'

const suffixA = '.lora_A.weight'
const suffixB = '.lora_B.weight'

/** Of one adapted layer, by its path: A [r, in] and B [out, r]. */
export const lowRankNames = (path: string) => ({ a: `${path}${suffixA}`, b: `${path}${suffixB}` })

/** An adapter's tensors: the paths of the layers that low-rank matrices stand beside, and what was trained whole. */
export function adapterParts(names: readonly string[]): { adapted: string[]; whole: string[] } {
  return {
    adapted: names.filter((name) => name.endsWith(suffixA)).map((name) => name.slice(0, -suffixA.length)),
    whole: names.filter((name) => !name.endsWith(suffixA) && !name.endsWith(suffixB)),
  }
}

/**
 * Writes an adapter. Tensors by the names of the model of its task:
 * `bert.encoder.layer.0.attention.self.query.lora_A.weight` [r, in], `….lora_B.weight` [out, r], `classifier.weight`.
 */
export async function writeAdapter(
  dir: string,
  tensors: Iterable<TensorToWrite>,
  config: AdapterConfig,
): Promise<{ bytes: number }> {
  const named = [...tensors].map((tensor) => ({ ...tensor, name: `${prefix}${tensor.name}` }))
  const bytes = await writeSafetensors(join(dir, adapterWeightsFile), named, { format: 'pt' })
  const text = `${JSON.stringify(peftConfig(config), null, 2)}\n`
  await writeFile(join(dir, adapterConfigFile), text, { flush: true })
  return { bytes: bytes + Buffer.byteLength(text) }
}

/** The fields of peft's LoraConfig that a reader needs, with the values that plain LoRA has. */
function peftConfig({
  task,
  r,
  alpha,
  dropout,
  targetModules,
  modulesToSave,
  fanInFanOut,
  baseModel,
}: AdapterConfig): Record<string, unknown> {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: fanInFanOut,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: alpha,
    lora_dropout: dropout,
    modules_to_save: modulesToSave.length > 0 ? modulesToSave : null,
    peft_type: 'LORA',
    r,
    rank_pattern: {},
    revision: null,
    target_modules: targetModules,
    task_type: task,
    use_dora: false,
    use_rslora: false,
  }
}

const configSchema = z.object({
  peft_type: z.literal('LORA'),
  task_type: z.enum(adapterTasks).nullable(),
  r: z.number().int().min(1),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).max(1).default(0),
  target_modules: z.array(z.string()),
  modules_to_save: z.array(z.string()).nullish(),
  base_model_name_or_path: z.string().nullish(),
  fan_in_fan_out: z.boolean().default(false),
  // Variants that compute something else than W + (alpha/r)·B·A, or store it otherwise.
  bias: z.literal('none').default('none'),
  use_dora: z.literal(false).default(false),
  use_rslora: z.literal(false).default(false),
  rank_pattern: z.record(z.string(), z.never()).default({}),
  alpha_pattern: z.record(z.string(), z.never()).default({}),
})

/** Throws AttuneError: not_found, bad_file, unsupported naming the field of a variant that is not plain LoRA. */
export async function readAdapterConfig(dir: string): Promise<AdapterConfig> {
  const path = join(dir, adapterConfigFile)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new AttuneError('not_found', `There is no ${adapterConfigFile} in ${dir}.`, undefined, { cause })
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new AttuneError('bad_file', `${path} is not valid JSON.`, undefined, { cause })
  }
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const message = `${path}: ${issue?.path.join('.')}: ${issue?.message}. Only plain LoRA for ${adapterTasks.join(', ')} can be used.`
    throw new AttuneError('unsupported', message)
  }
  const config = parsed.data
  return {
    task: config.task_type,
    r: config.r,
    alpha: config.lora_alpha,
    dropout: config.lora_dropout,
    targetModules: config.target_modules,
    modulesToSave: config.modules_to_save ?? [],
    fanInFanOut: config.fan_in_fan_out,
    baseModel: config.base_model_name_or_path ?? '',
  }
}

/** An adapter's tensors under the names given to writeAdapter. Close it. Throws as readAdapterConfig, and bad_file. */
export async function openAdapter(dir: string): Promise<Weights & { config: AdapterConfig }> {
  const config = await readAdapterConfig(dir)
  const file = openSafetensors(join(dir, adapterWeightsFile))
  const foreign = [...file.tensors.keys()].find((name) => !name.startsWith(prefix))
  if (foreign !== undefined) {
    file.close()
    throw new AttuneError('bad_file', `${adapterWeightsFile} in ${dir}: "${foreign}" is no tensor of a peft adapter.`)
  }
  return {
    config,
    names: () => [...file.tensors.keys()].map((name) => name.slice(prefix.length)),
    shape: (name) => {
      const info = file.tensors.get(`${prefix}${name}`)
      if (!info) throw new AttuneError('not_found', `The adapter in ${dir} has no tensor "${name}".`)
      return info.shape
    },
    read: (name) => file.read(`${prefix}${name}`),
    close: () => file.close(),
  }
}
