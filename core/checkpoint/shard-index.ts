import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'

/** model.safetensors.index.json: which file of a sharded checkpoint holds which tensor. */
export const indexFile = 'model.safetensors.index.json'

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) })

/** A plain file name: what could lead to another folder, drive, stream or host is refused. */
const shardName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\.safetensors$/

/** Tensor name → file name. Throws AttuneError bad_file. */
export function readShardIndex(dir: string): ReadonlyMap<string, string> {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(join(dir, indexFile), 'utf8'))
  } catch (cause) {
    throw new AttuneError('bad_file', `${indexFile} in ${dir} is not valid JSON.`, undefined, { cause })
  }
  const parsed = indexSchema.safeParse(json)
  if (!parsed.success) throw new AttuneError('bad_file', `${indexFile} in ${dir} has no weight_map of names.`)
  const entries = Object.entries(parsed.data.weight_map)
  for (const [tensor, file] of entries) {
    if (!shardName.test(file)) {
      const message = `${indexFile} in ${dir} says that "${tensor}" is in "${file}", which is not a plain file name.`
      throw new AttuneError('bad_file', message)
    }
  }
  return new Map(entries)
}

/** The files that an index names, sorted, each once. */
export function shardsOf(index: ReadonlyMap<string, string>): string[] {
  return [...new Set(index.values())].sort()
}
