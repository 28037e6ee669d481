import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../../support/temporary.ts'

/** The bytes of a file with this header, text or object, and this much data. */
export function fileBytes(header: string | Uint8Array | object, data: Uint8Array | number = 0): Buffer {
  const text = Buffer.from(typeof header === 'string' || header instanceof Uint8Array ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, typeof data === 'number' ? Buffer.alloc(data) : data])
}

/** A header's entry. */
export function tensor(shape: readonly unknown[], start: unknown, end: unknown, dtype: unknown = 'F32') {
  return { dtype, shape, data_offsets: [start, end] }
}

export async function storedFile(bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeFile(path, bytes)
  return path
}
