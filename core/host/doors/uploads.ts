import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, rm, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AttuneError } from '../../contract/errors.ts'
import { relativeParts, safeFileName } from './upload-name.ts'

export interface Uploads {
  /** Keeps one file; resolves to its absolute path. */
  addFile(name: string, bytes: ByteSource): Promise<string>
  /** Makes an empty folder for files that belong together; resolves to its absolute path. */
  addFolder(): Promise<string>
  /**
   * Adds a file below such a folder, by its relative name with `/` between parts. Browsers begin every name of a picked
   * folder with the folder's own ("minilm/config.json"), which is left away.
   */
  addToFolder(folder: string, name: string, bytes: ByteSource): Promise<void>
  /** Deletes what this process took in. */
  close(): Promise<void>
}

export interface ByteSource {
  /** From Content-Length; null when the sender did not say. */
  readonly size: number | null
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface UploadLimits {
  readonly maxBytes: number
  /** Bytes of disk that an upload leaves free. */
  readonly reserveBytes: number
  readonly maxFilesPerFolder: number
}

const usual: UploadLimits = { maxBytes: 4 * 2 ** 30, reserveBytes: 256 * 2 ** 20, maxFilesPerFolder: 100_000 }
const dayMs = 24 * 60 * 60 * 1000
/** Free space is looked at again after so many bytes. */
const lookEvery = 64 * 2 ** 20

/**
 * Files that pages hand over, below `<dir>/<one folder a process>/`. Bytes go to a temporary name and appear under
 * their own only when they are all there. What a killed process left is swept a day later.
 */
export async function openUploads(dir: string, limits: UploadLimits = usual): Promise<Uploads> {
  await mkdir(dir, { recursive: true })
  await sweep(dir)
  const own = join(dir, randomUUID())
  const counts = new Map<string, number>()

  const place = async (): Promise<string> => {
    const folder = join(own, randomUUID())
    await mkdir(folder, { recursive: true })
    return folder
  }

  return {
    async addFile(name, bytes) {
      const folder = await place()
      const path = join(folder, safeFileName(name))
      try {
        await receive(path, bytes, limits)
      } catch (error) {
        await rm(folder, { recursive: true, force: true })
        throw error
      }
      return path
    },
    async addFolder() {
      const folder = await place()
      counts.set(folder, 0)
      return folder
    },
    async addToFolder(folder, name, bytes) {
      const count = counts.get(folder)
      if (count === undefined) throw new AttuneError('not_found', 'There is no such uploaded folder.')
      if (count >= limits.maxFilesPerFolder) {
        throw new AttuneError('bad_request', `A folder may have at most ${limits.maxFilesPerFolder} files.`)
      }
      const parts = relativeParts(name)
      const path = join(folder, ...(parts.length > 1 ? parts.slice(1) : parts))
      counts.set(folder, count + 1)
      await mkdir(dirname(path), { recursive: true })
      await receive(path, bytes, limits)
    },
    close: () => rm(own, { recursive: true, force: true }),
  }
}

/** Streams to a temporary file beside `path` and gives it that name at the end, never over another file. */
async function receive(path: string, { size, chunks }: ByteSource, limits: UploadLimits): Promise<void> {
  if (size !== null && size > limits.maxBytes) throw tooLarge(limits.maxBytes)
  await checkRoom(dirname(path), size ?? 0, limits)
  const temporary = `${path}.part-${randomUUID()}`
  const file = await open(temporary, 'wx', 0o600)
  try {
    let bytes = 0
    let looked = 0
    for await (const chunk of chunks) {
      bytes += chunk.byteLength
      if (bytes > limits.maxBytes) throw tooLarge(limits.maxBytes)
      if (bytes - looked >= lookEvery) {
        looked = bytes
        await checkRoom(dirname(path), 0, limits)
      }
      for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten
    }
    if (size !== null && bytes !== size) {
      throw new AttuneError('bad_request', `The upload ended after ${bytes} of ${size} bytes. Send the file again.`)
    }
    await file.close()
    await link(temporary, path) // unlike rename, fails when the name is taken
  } catch (error) {
    throw describe(error, path)
  } finally {
    await file.close().catch(() => {})
    await unlink(temporary).catch(() => {})
  }
}

function tooLarge(maxBytes: number): AttuneError {
  return new AttuneError('bad_request', `The file is larger than ${maxBytes} bytes, the most that can be uploaded.`)
}

async function checkRoom(dir: string, wanted: number, { reserveBytes }: UploadLimits): Promise<void> {
  const { bavail, bsize } = await statfs(dir)
  const free = bavail * bsize
  if (free - wanted < reserveBytes) {
    throw new AttuneError(
      'disk_full',
      `The disk has ${free} bytes free; the upload needs ${wanted} and must leave ${reserveBytes}. Free some space.`,
      { free, wanted },
    )
  }
}

function describe(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new AttuneError('disk_full', 'The disk became full during the upload. Free some space and send it again.')
  }
  if (error.code === 'EEXIST') {
    return new AttuneError(
      'conflict',
      `The folder already has a file at ${JSON.stringify(path.split(/[/\\]/).at(-1))}.`,
    )
  }
  return error
}

async function sweep(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name)
    // Gone already: its process has ended meanwhile, or another one sweeps as well.
    const found = await stat(path).catch(() => null)
    if (found && Date.now() - found.mtimeMs > dayMs) await rm(path, { recursive: true, force: true })
  }
}
