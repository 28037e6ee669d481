import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeSafetensors } from '../../core/checkpoint/safetensors.ts'
import type { TaskName } from '../../core/contract/settings.ts'
import { initialise } from '../../core/nn/init.ts'
import { describeModel } from '../../core/train/load-model.ts'

/** Writes a model as its architecture begins one into a folder, without a tokenizer. */
export async function writeFreshModel(
  dir: string,
  config: Readonly<Record<string, unknown>> & { readonly model_type: string },
  task: TaskName,
  seed = 1,
): Promise<void> {
  const { parameters, head } = describeModel(config.model_type, config, task, 0, { dir })
  await mkdir(dir, { recursive: true })
  const tensors = Object.entries(parameters).map(([name, spec]) => {
    return { name, shape: spec.shape, data: initialise(spec, seed, name) }
  })
  await writeSafetensors(join(dir, 'model.safetensors'), tensors)
  await writeFile(join(dir, 'config.json'), JSON.stringify({ architectures: [head.className], ...config }))
}
