import { open, readFile, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, normalize, sep } from 'node:path'
import { AttuneError } from '../../contract/errors.ts'
import { mediaSizeProblem } from '../../contract/roles.ts'
import { checkPicture } from './image.ts'
import { type MediaKind, mediaFormats, mediaOf } from './kinds.ts'
import { readWav } from './wav.ts'

/** Where the files come from that rows are about. */
export interface RowFiles {
  /** That of a row. Throws AttuneError where there is none, or it cannot be read. */
  media(row: number): Uint8Array | Promise<Uint8Array>
}

/**
 * Reads the file that a row names, relative to the folder of its table, and proves that it can be decoded. Throws
 * AttuneError with a sentence that names it: not_found, bad_file (damaged, too large, outside the folder), unsupported.
 */
export async function readMediaFile(kind: MediaKind, base: string, name: string): Promise<Uint8Array> {
  const bytes = await readUndecoded(kind, await mediaPath(base, name), name)
  if (kind === 'image') await checkPicture(bytes, name)
  else if (readWav(bytes, name).samples.length === 0) throw new AttuneError('bad_file', `${name} has no sound in it.`)
  return bytes
}

/** The bytes of a file that begins as one of that kind; `name` is what it is called. Throws as readMediaFile. */
export async function readUndecoded(kind: MediaKind, path: string, name: string): Promise<Uint8Array> {
  await checkSize(path, name)
  const bytes = await readFile(path)
  if (mediaOf(bytes)?.kind === kind) return bytes
  throw notOfKind(kind, name)
}

/** Throws as readUndecoded does, having read no more of the file than how it begins. */
export async function checkKind(kind: MediaKind, path: string, name: string): Promise<void> {
  await checkSize(path, name)
  if ((await kindOfFile(path)) !== kind) throw notOfKind(kind, name)
}

async function checkSize(path: string, name: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AttuneError('not_found', `${name} is not there.`, undefined, { cause })
  })
  if (!found.isFile()) throw new AttuneError('bad_file', `${name} is not a regular file.`)
  const problem = mediaSizeProblem(name, found.size)
  if (problem !== null) throw new AttuneError('bad_file', problem)
}

function notOfKind(kind: MediaKind, name: string): AttuneError {
  const message = `${name} is no ${kind} file that can be read: it has to be ${mediaFormats[kind]}.`
  return new AttuneError('unsupported', message)
}

/** What the file of that name begins as; null where it does not, or is not there. */
export async function mediaKindOf(base: string, name: string): Promise<MediaKind | null> {
  if (name.length > 1000 || name.includes('\n')) return null
  try {
    return await kindOfFile(await mediaPath(base, name))
  } catch {
    return null
  }
}

async function kindOfFile(path: string): Promise<MediaKind | null> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0)
    return mediaOf(buffer.subarray(0, bytesRead))?.kind ?? null
  } finally {
    await file.close()
  }
}

/** The real path of a file that a row names, which must lie below the folder: a table may come from anywhere. Throws as readMediaFile. */
export async function mediaPath(base: string, name: string): Promise<string> {
  const local = name.trim().replaceAll('\\', '/')
  const path = normalize(join(base, local))
  const outside = new AttuneError('bad_file', `${name} does not lie below the folder of its table.`)
  if (local === '' || isAbsolute(local) || /^[a-z]:/i.test(local) || !path.startsWith(base + sep)) throw outside
  try {
    const real = await realpath(path)
    if (!real.startsWith((await realpath(base)) + sep)) throw outside
    if (!(await stat(real)).isFile()) throw new AttuneError('bad_file', `${name} is not a regular file.`)
    return real
  } catch (cause) {
    if (cause instanceof AttuneError) throw cause
    throw new AttuneError('not_found', `${name} is not there.`, undefined, { cause })
  }
}
