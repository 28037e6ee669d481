import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { streamSafetensors, type TensorToWrite } from '../../core/checkpoint/safetensors.ts'
import type { ParameterSpec } from '../../core/models/architecture.ts'
import { describeModel } from '../../core/train/load-model.ts'
import { someWeights } from './parts/random-values.ts'
import type { Shape } from './shapes.ts'

/** Writes a GPT-2 with weights that are always the same into a folder; no token ends its texts. */
export async function writeRandomModel(dir: string, config: Shape['config']): Promise<void> {
  const { parameters, head } = describeModel(config.model_type, config, 'text-generation', 0, { dir })
  const sorted = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))
  const described = sorted.map(([name, { shape }]) => ({ name, shape }))
  await streamSafetensors(join(dir, 'model.safetensors'), described, weights(sorted))
  await writeFile(join(dir, 'config.json'), JSON.stringify({ architectures: [head.className], ...config }))
  await writeFile(join(dir, 'generation_config.json'), '{}')
}

function* weights(specs: readonly (readonly [string, ParameterSpec])[]): Generator<TensorToWrite> {
  for (const [name, spec] of specs) yield { name, shape: spec.shape, data: someWeights(name, spec) }
}
