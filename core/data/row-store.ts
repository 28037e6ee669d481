import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { DatasetRow } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { TextCounts } from './text-counts.ts'

/**
 * A dataset on disk, read by row number: `rows.jsonl` holds one {"line","text","label",…} a line, `rows.idx` the byte
 * offset of each line as float64 LE (and the end, so count + 1 of them), `dataset.json` what is known of the whole.
 */

const rowsFile = 'rows.jsonl'
const indexFile = 'rows.idx'
const infoFile = 'dataset.json'

const infoSchema = z.object({
  version: z.literal(1),
  count: z.number().int().min(0),
  /** Sorted by code unit; a label's index is its class id. */
  labels: z.array(z.object({ label: z.string(), count: z.number().int() })),
  /** SHA-256 over the rows' parts in order, hex. Line numbers do not count. */
  contentHash: z.string(),
  /** Rows whose text occurs more than once. */
  duplicateCount: z.number().int(),
  /** Of rows and index. */
  bytes: z.number().int(),
})
export type RowStoreInfo = z.infer<typeof infoSchema>

/** `line` is the 1-based one of the imported file. */
export type SourceRow = Omit<DatasetRow, 'row'> & {
  /** The classes that it counts for, where these are not its label. Not kept. */
  readonly counted?: readonly string[]
}

/** Rows are written in blocks of about this many bytes. */
const blockBytes = 1 << 18

/**
 * Writes a row store into `dir` (made when absent). What `rows` throws passes through and leaves half-written files:
 * write into a temporary folder and rename it.
 */
export async function writeRowStore(dir: string, rows: AsyncIterable<SourceRow>): Promise<RowStoreInfo> {
  await mkdir(dir, { recursive: true })
  const hash = createHash('sha256')
  const labels = new Map<string, number>()
  const texts = new TextCounts()
  const offsets: number[] = [0]
  const file = await open(join(dir, rowsFile), 'w')
  try {
    let block: string[] = []
    let pending = 0
    const flush = async () => {
      await file.write(block.join(''))
      block = []
      pending = 0
    }
    for await (const { line, text, label, fields, counted = [label] } of rows) {
      hash.update(`${JSON.stringify(fields ? [text, label, fields] : [text, label])}\n`)
      for (const one of counted) labels.set(one, (labels.get(one) ?? 0) + 1)
      texts.add(text)
      const record = `${JSON.stringify({ line, text, label, ...(fields && { fields }) })}\n`
      const size = Buffer.byteLength(record)
      offsets.push((offsets.at(-1) as number) + size)
      block.push(record)
      pending += size
      if (pending >= blockBytes) await flush()
    }
    await flush()
    await file.sync()
  } finally {
    await file.close()
  }
  await writeFile(join(dir, indexFile), float64LittleEndian(offsets), { flush: true })
  const info: RowStoreInfo = {
    version: 1,
    count: offsets.length - 1,
    labels: [...labels].sort(([a], [b]) => (a < b ? -1 : 1)).map(([label, count]) => ({ label, count })),
    contentHash: hash.digest('hex'),
    duplicateCount: texts.duplicates,
    bytes: (offsets.at(-1) as number) + offsets.length * 8,
  }
  await writeFile(join(dir, infoFile), `${JSON.stringify(info, null, 2)}\n`, { flush: true })
  return info
}

function float64LittleEndian(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8))
  for (const [i, value] of values.entries()) view.setFloat64(i * 8, value, true)
  return new Uint8Array(view.buffer)
}

/** Reads rows by number, synchronously, by file descriptor. Close it. */
export class RowStore {
  readonly count: number
  /** Sorted; a label's index is its class id. */
  readonly labels: readonly string[]
  readonly info: RowStoreInfo
  private readonly fd: number
  private readonly offsets: Float64Array
  /** Its folder. */
  readonly dir: string

  constructor(dir: string, fd: number, info: RowStoreInfo, offsets: Float64Array) {
    this.dir = dir
    this.fd = fd
    this.info = info
    this.offsets = offsets
    this.count = info.count
    this.labels = info.labels.map(({ label }) => label)
  }

  /** One row, 0-based. Throws AttuneError not_found beyond the end, bad_file when the store was damaged. */
  read(row: number): DatasetRow {
    if (!Number.isInteger(row) || row < 0 || row >= this.count) {
      throw new AttuneError('not_found', `There is no row ${row}: the dataset has rows 0 to ${this.count - 1}.`)
    }
    return this.parse(row, this.bytes(row, row + 1))
  }

  /** The rows whose records take the most bytes, largest first. */
  largest(count: number): number[] {
    const bytes = (row: number) => (this.offsets[row + 1] as number) - (this.offsets[row] as number)
    let found: number[] = []
    for (let row = 0; row < this.count; row++) {
      if (found.length === count && bytes(row) <= bytes(found[count - 1] as number)) continue
      found = [...found, row].sort((a, b) => bytes(b) - bytes(a)).slice(0, count)
    }
    return found
  }

  readMany(rows: readonly number[]): DatasetRow[] {
    return rows.map((row) => this.read(row))
  }

  /** All rows in order, read in large blocks. */
  *iterate(): Generator<DatasetRow> {
    let first = 0
    while (first < this.count) {
      let end = first + 1
      const start = this.offsets[first] as number
      while (end < this.count && (this.offsets[end + 1] as number) - start <= blockBytes) end++
      const block = this.bytes(first, end)
      for (let row = first; row < end; row++) {
        const from = (this.offsets[row] as number) - start
        yield this.parse(row, block.subarray(from, (this.offsets[row + 1] as number) - start))
      }
      first = end
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  /** The bytes of the rows first..end−1. */
  private bytes(first: number, end: number): Buffer {
    const start = this.offsets[first] as number
    const buffer = Buffer.allocUnsafe((this.offsets[end] as number) - start)
    let done = 0
    while (done < buffer.length) {
      const read = readSync(this.fd, buffer, done, buffer.length - done, start + done)
      if (read === 0) throw damaged(this.dir, `${rowsFile} ends in the middle of row ${first}`)
      done += read
    }
    return buffer
  }

  private parse(row: number, bytes: Buffer): DatasetRow {
    try {
      return { row, ...(JSON.parse(bytes.toString('utf8')) as SourceRow) }
    } catch {
      throw damaged(this.dir, `row ${row} of ${rowsFile} is not what was written`)
    }
  }
}

/** Throws AttuneError not_found (no row store there) or bad_file (its parts do not fit together). */
export function openRowStore(dir: string): RowStore {
  const info = readInfo(dir)
  const index = readWhole(dir, indexFile)
  if (index.length !== (info.count + 1) * 8) {
    throw damaged(dir, `${indexFile} has ${index.length} bytes, not ${(info.count + 1) * 8}`)
  }
  const offsets = Float64Array.from({ length: info.count + 1 }, (_, i) => index.readDoubleLE(i * 8))
  const fd = openPart(dir, rowsFile)
  const { size } = fstatSync(fd)
  const ascending = offsets.every((at, i) => Number.isSafeInteger(at) && (i === 0 || at > (offsets[i - 1] as number)))
  if (offsets[0] !== 0 || !ascending || offsets.at(-1) !== size) {
    closeSync(fd)
    throw damaged(dir, `${indexFile} does not fit ${rowsFile} (${size} bytes)`)
  }
  return new RowStore(dir, fd, info, offsets)
}

/** Bytes of a row store's rows and index; 0 where there is none that can be read. */
export function rowStoreBytes(dir: string): number {
  try {
    return readInfo(dir).bytes
  } catch {
    return 0
  }
}

function readInfo(dir: string): RowStoreInfo {
  const text = readWhole(dir, infoFile).toString('utf8')
  try {
    return infoSchema.parse(JSON.parse(text))
  } catch {
    throw damaged(dir, `${infoFile} is not what was written`)
  }
}

function openPart(dir: string, file: string): number {
  try {
    return openSync(join(dir, file), 'r')
  } catch (cause) {
    throw new AttuneError('not_found', `The dataset's file ${join(dir, file)} cannot be opened.`, undefined, { cause })
  }
}

function readWhole(dir: string, file: string): Buffer {
  const fd = openPart(dir, file)
  try {
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

function damaged(dir: string, what: string): AttuneError {
  return new AttuneError('bad_file', `The dataset in ${dir} is damaged: ${what}. Import its file again.`)
}
