import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { RowStore } from './row-store.ts'
import { tokenizerCode } from './tokenizers/code.ts'
import type { Encoding, Tokenizer, TokenizerFiles } from './tokenizers/tokenizer.ts'

/**
 * Tokenised rows on disk, so that a later run on the same data starts at once: `tokens/<key>.tokens` in the dataset's
 * folder. The key is all that the ids depend on: dataset, tokenizer, cut, and the code and Unicode tables that made them.
 * One file: header (JSON, padded to 4 bytes, its length before it), int32 ids kept a row (−1: not there), int32 tokens a
 * row before cutting, the ids one row after the other (uint16, or uint32 for large vocabularies), SHA-256 of it all.
 * Damaged or foreign files are as good as none. Safe to delete at any time.
 */

export type TokenFacts = Pick<Tokenizer, 'padId' | 'eosId'>

export interface TokenTable {
  readonly facts: TokenFacts
  /** A row's tokens; null when they are not in it. */
  get(row: number): Encoding | null
}

/** Files larger than this are not written, and the newest few of a dataset are kept. */
const mostBytes = 256 * 2 ** 20
const mostFiles = 4

const magic = 0x31_4b_54_41 // "ATK1"
const hashBytes = 32
const headerSchema = z.object({
  key: z.string(),
  count: z.number().int(),
  width: z.literal([2, 4]),
  padId: z.number().int(),
  eosId: z.number().int().nullable(),
})

function keyOf({ info }: RowStore, { contentHash }: TokenizerFiles, maxLength: number): string {
  const parts = [info.contentHash, info.count, contentHash, maxLength, tokenizerCode(), endianness()]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

const folderOf = (store: RowStore) => join(store.dir, 'tokens')
const pathOf = (store: RowStore, key: string) => join(folderOf(store), `${key.slice(0, 32)}.tokens`)

/** What an earlier run left, or null: nothing, or nothing that can be trusted. */
export function readTokenTable(store: RowStore, files: TokenizerFiles, maxLength: number): TokenTable | null {
  try {
    const key = keyOf(store, files, maxLength)
    const path = pathOf(store, key)
    const bytes = readFileSync(path)
    const table = parse(bytes, key, store.count)
    if (table === null) rmSync(path, { force: true })
    // The least recently used go first.
    else utimesSync(path, new Date(), new Date())
    return table
  } catch {
    return null
  }
}

function parse(bytes: Buffer, key: string, count: number): TokenTable | null {
  const content = bytes.subarray(0, -hashBytes)
  if (bytes.length < 8 + hashBytes || bytes.readUInt32LE(0) !== magic) return null
  if (!createHash('sha256').update(content).digest().equals(bytes.subarray(-hashBytes))) return null
  const headerEnd = 8 + bytes.readUInt32LE(4)
  const header = headerSchema.safeParse(JSON.parse(bytes.toString('utf8', 8, headerEnd)))
  if (!header.success || header.data.key !== key || header.data.count !== count) return null
  const { width, padId, eosId } = header.data
  // A copy of its own, since views need an aligned beginning.
  const { buffer } = new Uint8Array(content.subarray(headerEnd))
  const kept = new Int32Array(buffer, 0, count)
  const whole = new Int32Array(buffer, 4 * count, count)
  const ids = width === 2 ? new Uint16Array(buffer, 8 * count) : new Uint32Array(buffer, 8 * count)
  const starts = new Float64Array(count + 1)
  for (let row = 0; row < count; row++) starts[row + 1] = (starts[row] as number) + Math.max(0, kept[row] as number)
  return {
    facts: { padId, eosId },
    get(row) {
      const length = kept[row]
      if (length === undefined || length < 0) return null
      const start = starts[row] as number
      return { ids: Int32Array.from(ids.subarray(start, start + length)), length: whole[row] as number }
    },
  }
}

/**
 * Writes a table of what `get` has; in one move, so that a reader finds all of it or nothing. What cannot be written is
 * tokenised again next time.
 */
export function writeTokenTable(
  store: RowStore,
  files: TokenizerFiles,
  maxLength: number,
  facts: TokenFacts & Pick<Tokenizer, 'vocabSize'>,
  get: (row: number) => Encoding | null,
): void {
  quietly(() => {
    const key = keyOf(store, files, maxLength)
    const bytes = encode(key, store.count, facts, get)
    if (bytes !== null) put(store, pathOf(store, key), bytes)
  })
}

/** The file's bytes; null when they would be too many. */
function encode(
  key: string,
  count: number,
  { padId, eosId, vocabSize }: TokenFacts & Pick<Tokenizer, 'vocabSize'>,
  get: (row: number) => Encoding | null,
): Buffer | null {
  const rows = Array.from({ length: count }, (_, row) => get(row))
  const kept = Int32Array.from(rows, (encoding) => encoding?.ids.length ?? -1)
  const whole = Int32Array.from(rows, (encoding) => encoding?.length ?? 0)
  const total = kept.reduce((sum, length) => sum + Math.max(0, length), 0)
  const width = vocabSize <= 0x10000 ? 2 : 4
  if (8 * count + total * width > mostBytes) return null
  const ids = width === 2 ? new Uint16Array(total) : new Uint32Array(total)
  let at = 0
  for (const encoding of rows) {
    if (encoding === null) continue
    ids.set(encoding.ids, at)
    at += encoding.ids.length
  }
  const header = Buffer.from(JSON.stringify({ key, count, width, padId, eosId }))
  const padded = Buffer.alloc(Math.ceil(header.length / 4) * 4, ' ')
  header.copy(padded)
  const start = Buffer.alloc(8)
  start.writeUInt32LE(magic, 0)
  start.writeUInt32LE(padded.length, 4)
  const content = Buffer.concat([start, padded, ...[kept, whole, ids].map((part) => bytesOf(part))])
  return Buffer.concat([content, createHash('sha256').update(content).digest()])
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function put(store: RowStore, path: string, bytes: Uint8Array): void {
  const partial = `${path}.${randomBytes(6).toString('hex')}.partial`
  // Not its parents: a dataset that is being removed is not to come back. It may be there already.
  quietly(() => mkdirSync(folderOf(store)))
  const written = quietly(() => {
    writeFileSync(partial, bytes)
    renameSync(partial, path)
    tidy(folderOf(store))
  })
  if (!written) quietly(() => rmSync(partial, { force: true }))
}

/** Whether it went well: nothing here is worth stopping a run for. */
function quietly(act: () => void): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}

/** Leaves the newest tables, and no half-written file that is older than an hour. */
function tidy(folder: string): void {
  const files = readdirSync(folder)
    .map((name) => ({ path: join(folder, name), name, at: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at)
  const obsolete = files.filter(({ name }) => name.endsWith('.tokens')).slice(mostFiles)
  const abandoned = files.filter(({ name, at }) => name.endsWith('.partial') && Date.now() - at > 3_600_000)
  for (const { path } of [...obsolete, ...abandoned]) rmSync(path, { force: true })
}
