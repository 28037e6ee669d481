import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFile } from '../util/files.ts'
import { adapterWeightsFile } from './adapter.ts'
import { readHeader } from './safetensors.ts'
import { weightsFile } from './weights.ts'

/** SHA-256, hex, of config.json and all weight files of a model folder, by name. */
export async function modelHash(dir: string): Promise<string> {
  const names = (await readdir(dir)).filter((name) => name === 'config.json' || name.endsWith('.safetensors')).sort()
  const parts: string[] = []
  for (const name of names) parts.push(name, await hashFile(join(dir, name)))
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/**
 * SHA-256, hex, over the tensors of a checkpoint's weights or adapter: names, types, shapes and bytes, by name, whatever
 * the order of the file and its metadata. Throws AttuneError: not_found, bad_file.
 */
export async function tensorsHash(checkpointDir: string): Promise<string> {
  const adapter = join(checkpointDir, adapterWeightsFile)
  const path = existsSync(adapter) ? adapter : join(checkpointDir, weightsFile)
  const { tensors } = readHeader(path)
  const dataBytes = Math.max(0, ...Array.from(tensors.values(), ({ end }) => end))
  const dataStart = (await stat(path)).size - dataBytes
  const hash = createHash('sha256')
  for (const [name, { dtype, shape, start, end }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([name, dtype, shape]))
    if (start === end) continue
    const bytes = createReadStream(path, { start: dataStart + start, end: dataStart + end - 1, highWaterMark: 1 << 20 })
    for await (const chunk of bytes as AsyncIterable<Buffer>) hash.update(chunk)
  }
  return hash.digest('hex')
}
