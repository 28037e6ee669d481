import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import { fromFloat32, isReadable, toFloat32 } from './dtypes.ts'
import { elementCount, type Header, maxHeaderBytes, parseHeader, type TensorInfo } from './safetensors-header.ts'

/** safetensors: eight bytes of header length (uint64 LE), the header (JSON), the data. */

/** From here on a block of memory surely has pages of its own (glibc: DEFAULT_MMAP_THRESHOLD_MAX). */
const largeBytes = 32 * 1024 * 1024
/** One call reads at most this many bytes: Node refuses 2 GiB. */
const chunkBytes = 1 << 28

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly metadata: Readonly<Record<string, string>>
  /** Of the whole file. */
  readonly bytes: number
  /** F32, F16 and BF16 as float32. Throws AttuneError: not_found, unsupported (another dtype), bad_file. */
  read(name: string): Float32Array
  close(): void
}

/** Checks the header and keeps the file open for reading tensors by ranges. Throws AttuneError bad_file, not_found. */
export function openSafetensors(path: string): SafetensorsFile {
  const file = basename(path)
  const fd = openFile(path)
  try {
    const { header, dataStart, bytes } = headerOf(fd, file)
    return {
      tensors: header.tensors,
      metadata: header.metadata,
      bytes,
      read(name) {
        const info = header.tensors.get(name)
        if (!info) throw new AttuneError('not_found', `${file} has no tensor "${name}".`)
        return readTensor(fd, dataStart, name, info, file)
      },
      close: () => closeSync(fd),
    }
  } catch (thrown) {
    closeSync(fd)
    throw thrown
  }
}

/** What a file holds, without reading its data. Throws as openSafetensors. */
export function readHeader(path: string): Header {
  const fd = openFile(path)
  try {
    return headerOf(fd, basename(path)).header
  } finally {
    closeSync(fd)
  }
}

export interface TensorToWrite {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/**
 * Writes F32 tensors, sorted by name and with the header padded to eight bytes, as the reference writer does.
 * transformers and peft want `metadata` to hold {format: 'pt'}. Returns the file's size. Inside saveCheckpoint the
 * file is also synced, and appears whole or not at all.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<number> {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1))
  return streamSafetensors(path, sorted, sorted, metadata)
}

/**
 * The same for tensors that come one after the other, in the order of `described`, which is that of their names: only
 * the one that is being written has to be there.
 */
export async function streamSafetensors(
  path: string,
  described: readonly Omit<TensorToWrite, 'data'>[],
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<number> {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let end = 0
  for (const [i, { name, shape }] of described.entries()) {
    const former = described[i - 1]?.name
    if (former !== undefined && former >= name) throw new Error(`tensor "${name}" occurs twice, or out of order`)
    const bytes = 4 * elementCount(shape)
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + bytes] }
    end += bytes
  }
  const text = Buffer.from(JSON.stringify(header))
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ')
  text.copy(padded)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))

  const file = await open(path, 'w')
  try {
    await file.writeFile(length)
    await file.writeFile(padded)
    let next = 0
    for (const { name, data } of tensors) {
      const { name: expected, shape } = described[next++] ?? { name: 'none', shape: [] }
      if (name !== expected || elementCount(shape) !== data.length) {
        throw new Error(
          `tensor "${name}" has ${data.length} values where "${expected}" of the shape [${shape}] should be`,
        )
      }
      await file.writeFile(fromFloat32(data))
    }
    if (next < described.length) throw new Error(`tensor "${described[next]?.name}" was described, but did not come`)
  } finally {
    await file.close()
  }
  return 8 + padded.length + end
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new AttuneError('not_found', `The weights ${path} cannot be opened.`, undefined, { cause })
  }
}

function headerOf(fd: number, file: string): { header: Header; dataStart: number; bytes: number } {
  const fail = (what: string) => new AttuneError('bad_file', `${file} is not a valid safetensors file: ${what}.`)
  const stat = fstatSync(fd)
  if (!stat.isFile()) throw fail('it is not a regular file')
  if (stat.size < 8) throw fail(`it has ${stat.size} bytes`)
  const prefix = new Uint8Array(8)
  readRange(fd, prefix, 0, file)
  // Compared as BigInt: as a number, lengths beyond 2^53 would be rounded first.
  const length = new DataView(prefix.buffer).getBigUint64(0, true)
  if (length > BigInt(maxHeaderBytes)) throw fail(`its header would have ${length} bytes`)
  if (length > BigInt(stat.size - 8)) throw fail(`its header of ${length} bytes is longer than the file`)
  const dataStart = 8 + Number(length)
  const bytes = new Uint8Array(Number(length))
  readRange(fd, bytes, 8, file)
  return { header: parseHeader(bytes, stat.size - dataStart, file), dataStart, bytes: stat.size }
}

function readTensor(fd: number, dataStart: number, name: string, info: TensorInfo, file: string): Float32Array {
  if (!isReadable(info.dtype)) {
    throw new AttuneError('unsupported', `${file}: tensor "${name}" is ${info.dtype}; F32, F16 and BF16 can be read.`)
  }
  const bytes = alignedBytes(info.end - info.start)
  readRange(fd, bytes, dataStart + info.start, file)
  return toFloat32(info.dtype, bytes)
}

/**
 * Room for a tensor that may be fed to TensorFlow, which copies what does not begin at a multiple of 64, into memory that it
 * never gives back. The C library puts large blocks 16 bytes behind the beginning of a page; where it does not, nothing is
 * lost but the sparing.
 */
function alignedBytes(length: number): Uint8Array {
  return length < largeBytes ? new Uint8Array(length) : new Uint8Array(new ArrayBuffer(length + 64), 48, length)
}

function readRange(fd: number, into: Uint8Array, position: number, file: string): void {
  let done = 0
  while (done < into.length) {
    const read = readSync(fd, into, done, Math.min(chunkBytes, into.length - done), position + done)
    if (read === 0) throw new AttuneError('bad_file', `${file} ended while it was being read: it has become shorter.`)
    done += read
  }
}
