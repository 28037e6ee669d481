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
 * offset of each line as float64 LE (and the end, so count + 1 of them), `dataset.json` what is known of the whole. Where
 * rows are files (pictures, clips), `media.bin` holds these one after the other, and `media.idx` where each begins.
 */

const rowsFile = 'rows.jsonl'
const indexFile = 'rows.idx'
const infoFile = 'dataset.json'
const mediaFile = 'media.bin'
const mediaIndexFile = 'media.idx'

const infoSchema = z.object({
  version: z.literal(1),
  count: z.number().int().min(0),
  /** Sorted by code unit; a label's index is its class id. */
  labels: z.array(z.object({ label: z.string(), count: z.number().int() })),
  /** SHA-256 over the rows' parts in order, and their files' hashes, hex. Line numbers do not count. */
  contentHash: z.string(),
  /** Rows whose text, or file, occurs more than once. */
  duplicateCount: z.number().int(),
  /** Of rows, files and indices. */
  bytes: z.number().int(),
  /** Of the rows' files; absent where rows have none. */
  mediaBytes: z.number().int().optional(),
})
export type RowStoreInfo = z.infer<typeof infoSchema>

/** `line` is the 1-based one of the imported file. */
export type SourceRow = Omit<DatasetRow, 'row'> & {
  /** The classes that it counts for, where these are not its label. Not kept. */
  readonly counted?: readonly string[]
  /** The file that the row is about; either all rows have one, or none. */
  readonly media?: Uint8Array
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
  const records = await openPacked(join(dir, rowsFile))
  let files: PackedFile | null = null
  try {
    for await (const { line, text, label, fields, media, counted = [label] } of rows) {
      hash.update(`${JSON.stringify(fields ? [text, label, fields] : [text, label])}\n`)
      for (const one of counted) labels.set(one, (labels.get(one) ?? 0) + 1)
      const fileHash = media && createHash('sha256').update(media).digest('hex')
      texts.add(fileHash ?? text)
      await records.add(Buffer.from(`${JSON.stringify({ line, text, label, ...(fields && { fields }) })}\n`))
      if (media === undefined) continue
      hash.update(`${fileHash}\n`)
      files ??= await openPacked(join(dir, mediaFile))
      await files.add(media)
    }
    await records.end()
    await files?.end()
  } finally {
    await records.close()
    await files?.close()
  }
  await writeFile(join(dir, indexFile), float64LittleEndian(records.offsets), { flush: true })
  if (files) await writeFile(join(dir, mediaIndexFile), float64LittleEndian(files.offsets), { flush: true })
  const bytesOf = ({ offsets }: PackedFile) => (offsets.at(-1) as number) + offsets.length * 8
  const info: RowStoreInfo = {
    version: 1,
    count: records.offsets.length - 1,
    labels: [...labels].sort(([a], [b]) => (a < b ? -1 : 1)).map(([label, count]) => ({ label, count })),
    contentHash: hash.digest('hex'),
    duplicateCount: texts.duplicates,
    bytes: bytesOf(records) + (files ? bytesOf(files) : 0),
    ...(files && { mediaBytes: files.offsets.at(-1) as number }),
  }
  await writeFile(join(dir, infoFile), `${JSON.stringify(info, null, 2)}\n`, { flush: true })
  return info
}

/** A file of records one after the other, written in blocks. */
interface PackedFile {
  /** Where each record begins, and where the last one ends. */
  readonly offsets: number[]
  add(record: Uint8Array): Promise<void>
  /** All is on the disk. */
  end(): Promise<void>
  close(): Promise<void>
}

async function openPacked(path: string): Promise<PackedFile> {
  const file = await open(path, 'w')
  const offsets = [0]
  let block: Uint8Array[] = []
  let pending = 0
  const flush = async () => {
    const bytes = Buffer.concat(block)
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
    block = []
    pending = 0
  }
  return {
    offsets,
    async add(record) {
      offsets.push((offsets.at(-1) as number) + record.length)
      block.push(record)
      pending += record.length
      if (pending >= blockBytes) await flush()
    },
    async end() {
      await flush()
      await file.sync()
    },
    close: () => file.close(),
  }
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
  /** Opened when first asked for. */
  private files: { readonly fd: number; readonly offsets: Float64Array } | null = null
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

  /**
   * The file that a row is about. Throws AttuneError not_found where the dataset has none or there is no such row,
   * bad_file when the store was damaged.
   */
  media(row: number): Buffer {
    this.read(row)
    if (this.info.mediaBytes === undefined) {
      throw new AttuneError('not_found', 'The rows of this dataset are texts: they have no files.')
    }
    this.files ??= openFiles(this.dir, this.info)
    const { fd, offsets } = this.files
    return readBetween(fd, offsets[row] as number, offsets[row + 1] as number, () =>
      damaged(this.dir, `${mediaFile} ends in the middle of the file of row ${row}`),
    )
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
    if (this.files) closeSync(this.files.fd)
  }

  /** The bytes of the rows first..end−1. */
  private bytes(first: number, end: number): Buffer {
    return readBetween(this.fd, this.offsets[first] as number, this.offsets[end] as number, () =>
      damaged(this.dir, `${rowsFile} ends in the middle of row ${first}`),
    )
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
  const offsets = readOffsets(dir, indexFile, info.count)
  const fd = openPart(dir, rowsFile)
  checkOffsets(dir, fd, offsets, [indexFile, rowsFile])
  return new RowStore(dir, fd, info, offsets)
}

function openFiles(dir: string, { count }: RowStoreInfo): { fd: number; offsets: Float64Array } {
  const offsets = readOffsets(dir, mediaIndexFile, count)
  const fd = openPart(dir, mediaFile)
  checkOffsets(dir, fd, offsets, [mediaIndexFile, mediaFile])
  return { fd, offsets }
}

function readOffsets(dir: string, file: string, count: number): Float64Array {
  const index = readWhole(dir, file)
  if (index.length !== (count + 1) * 8) {
    throw damaged(dir, `${file} has ${index.length} bytes, not ${(count + 1) * 8}`)
  }
  return Float64Array.from({ length: count + 1 }, (_, i) => index.readDoubleLE(i * 8))
}

/** Closes the file where its index does not fit it. */
function checkOffsets(dir: string, fd: number, offsets: Float64Array, [index, file]: readonly [string, string]): void {
  const { size } = fstatSync(fd)
  const ascending = offsets.every((at, i) => Number.isSafeInteger(at) && (i === 0 || at > (offsets[i - 1] as number)))
  if (offsets[0] === 0 && ascending && offsets.at(-1) === size) return
  closeSync(fd)
  throw damaged(dir, `${index} does not fit ${file} (${size} bytes)`)
}

function readBetween(fd: number, start: number, end: number, ended: () => AttuneError): Buffer {
  const buffer = Buffer.allocUnsafe(end - start)
  let done = 0
  while (done < buffer.length) {
    const read = readSync(fd, buffer, done, buffer.length - done, start + done)
    if (read === 0) throw ended()
    done += read
  }
  return buffer
}

/** Bytes of a row store's rows, files and indices; 0 where there is none that can be read. */
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
