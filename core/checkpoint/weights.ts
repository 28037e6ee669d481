import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import { openSafetensors, type SafetensorsFile } from './safetensors.ts'
import type { TensorInfo } from './safetensors-header.ts'
import { indexFile, readShardIndex, shardsOf } from './shard-index.ts'

export const weightsFile = 'model.safetensors'

/** The tensors of a model folder, whether in one file or in shards. Close it. */
export interface Weights {
  /** Names of the floating tensors, as the checkpoint has them. */
  names(): string[]
  /** Throws AttuneError not_found. */
  shape(name: string): readonly number[]
  /** float32, row-major. Throws AttuneError not_found. */
  read(name: string): Float32Array
  close(): void
}

/** File names of a folder's weights. Throws AttuneError not_found when there are none, bad_file for a bad index. */
export function weightFiles(dir: string): string[] {
  if (existsSync(join(dir, weightsFile))) return [weightsFile]
  if (existsSync(join(dir, indexFile))) return shardsOf(readShardIndex(dir))
  throw new AttuneError('not_found', `There is no ${weightsFile} in ${dir}.`)
}

/**
 * Opens every file of the weights and checks headers and index against each other. Integer tensors (position_ids) are
 * left out: they are no parameters. Throws AttuneError: not_found, bad_file.
 */
export async function openWeights(dir: string): Promise<Weights> {
  const files = openAll(dir)
  const places = new Map<string, { file: SafetensorsFile; info: TensorInfo }>()
  for (const file of files.values()) {
    for (const [name, info] of file.tensors) if (isFloating(info)) places.set(name, { file, info })
  }
  const at = (name: string) => {
    const place = places.get(name)
    if (!place) throw new AttuneError('not_found', `The weights in ${dir} have no tensor "${name}".`)
    return place
  }
  return {
    names: () => [...places.keys()],
    shape: (name) => at(name).info.shape,
    read: (name) => at(name).file.read(name),
    close: () => closeAll(files),
  }
}

/** Whether a tensor can be a parameter. */
export function isFloating({ dtype }: TensorInfo): boolean {
  return dtype.startsWith('F') || dtype === 'BF16'
}

function openAll(dir: string): Map<string, SafetensorsFile> {
  const names = weightFiles(dir)
  const files = new Map<string, SafetensorsFile>()
  try {
    for (const name of names) files.set(name, openSafetensors(join(dir, name)))
    if (names[0] !== weightsFile) checkIndex(dir, files)
    return files
  } catch (thrown) {
    closeAll(files)
    throw thrown
  }
}

function closeAll(files: ReadonlyMap<string, SafetensorsFile>): void {
  for (const file of files.values()) file.close()
}

/** The shards hold exactly what the index says, where it says. */
function checkIndex(dir: string, files: ReadonlyMap<string, SafetensorsFile>): void {
  const index = readShardIndex(dir)
  const missing = [...index].filter(([tensor, file]) => !files.get(file)?.tensors.has(tensor)).map(([tensor]) => tensor)
  const extra = [...files].flatMap(([name, { tensors }]) =>
    [...tensors.keys()].filter((tensor) => index.get(tensor) !== name),
  )
  if (missing.length === 0 && extra.length === 0) return
  const list = (names: readonly string[]) => `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`
  const parts = [
    missing.length > 0 ? `${missing.length} missing (${list(missing)})` : '',
    extra.length > 0 ? `${extra.length} not in the index (${list(extra)})` : '',
  ]
  const message = `The shards in ${dir} do not fit ${indexFile}: ${parts.filter(Boolean).join(', ')}.`
  throw new AttuneError('bad_file', message, { missing, extra })
}
