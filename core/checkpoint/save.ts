import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import {
  codeOf,
  type FileSystem,
  isPartial,
  partialPath,
  realFileSystem,
  renamePatiently,
  syncPath,
} from '../util/files.ts'
import { checkManifest, type Manifest, manifestFile, manifestOf } from './manifest.ts'

/** Under this ending the former folder of the same name waits while it is being replaced. */
const replacedMark = '.replaced'

/**
 * Puts a folder together beside `dir` and moves it there: whole and proved by its manifest, or not at all, whenever
 * the process or the machine dies. Order: `write` fills a temporary folder; every file is synced; manifest.json with
 * sizes and SHA-256 is written and synced; the folder is synced, renamed, and its parent synced. A folder that is
 * already there is replaced. Throws what `write` throws, or AttuneError: disk_full, busy (another program holds the
 * folder), internal; the former folder is then untouched and nothing is left behind.
 */
export async function saveCheckpoint(
  dir: string,
  write: (temporaryDir: string) => Promise<void>,
  fs: FileSystem = realFileSystem,
): Promise<{ bytes: number }> {
  const temporary = partialPath(dir)
  try {
    await fs.mkdir(temporary, { recursive: true })
    await write(temporary)
    const manifest = await manifestOf(temporary, fs)
    for (const { name } of manifest.files) await syncPath(join(temporary, name), fs)
    const text = `${JSON.stringify(manifest, null, 2)}\n`
    await fs.writeFile(join(temporary, manifestFile), text)
    await syncPath(join(temporary, manifestFile), fs)
    await syncPath(temporary, fs)
    await replace(temporary, dir, fs)
    return { bytes: manifest.files.reduce((sum, { size }) => sum + size, Buffer.byteLength(text)) }
  } catch (thrown) {
    await fs.rm(temporary, { recursive: true, force: true }).catch(() => {})
    throw thrown instanceof AttuneError ? thrown : named(thrown, dir)
  }
}

/** Moves a finished folder to its name. At every moment the former or the new one can be found: see sweep. */
async function replace(from: string, to: string, fs: FileSystem): Promise<void> {
  const former = `${to}${replacedMark}`
  const exists = await isThere(to, fs)
  if (exists) {
    await fs.rm(former, { recursive: true, force: true })
    await renamePatiently(to, former, fs)
  }
  try {
    await renamePatiently(from, to, fs)
  } catch (thrown) {
    if (exists) await fs.rename(former, to)
    throw thrown
  }
  await syncPath(dirname(to), fs)
  if (exists) await fs.rm(former, { recursive: true, force: true }).catch(() => {})
}

/**
 * Proves a folder that saveCheckpoint wrote: every file of the manifest is there with its size and hash. Throws
 * AttuneError: not_found (no manifest: it does not count as a checkpoint), bad_file naming the file.
 */
export async function verifyCheckpoint(dir: string): Promise<Manifest> {
  let text: string
  try {
    text = await readFile(join(dir, manifestFile), 'utf8')
  } catch (cause) {
    throw new AttuneError(
      'not_found',
      `There is no whole checkpoint in ${dir}: it has no ${manifestFile}.`,
      undefined,
      {
        cause,
      },
    )
  }
  return await checkManifest(dir, text)
}

/**
 * Clears what a killed process left in a folder of checkpoints: half-written ones, and ones that were being removed.
 * A checkpoint that was being replaced, and not yet was, gets its name back. Returns the names it dealt with.
 * Only for folders that no living process writes to.
 */
export async function sweep(dir: string, fs: FileSystem = realFileSystem): Promise<string[]> {
  const names = (await isThere(dir, fs)) ? await fs.readdir(dir) : []
  const dealtWith = names.filter(
    (name) => isPartial(name) || name.startsWith('.removed-') || name.endsWith(replacedMark),
  )
  for (const name of dealtWith) {
    const target = join(dir, name.slice(0, -replacedMark.length))
    if (name.endsWith(replacedMark) && !(await isThere(target, fs))) await fs.rename(join(dir, name), target)
    else await fs.rm(join(dir, name), { recursive: true, force: true })
  }
  return dealtWith
}

/** Removes a checkpoint under another name first: one that is half removed must not look like one. */
export async function removeCheckpoint(dir: string, fs: FileSystem = realFileSystem): Promise<void> {
  const trash = join(dirname(dir), `.removed-${randomBytes(6).toString('hex')}`)
  await renamePatiently(dir, trash, fs)
  await fs.rm(trash, { recursive: true, force: true })
}

async function isThere(path: string, fs: FileSystem): Promise<boolean> {
  try {
    await fs.stat(path)
    return true
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return false
    throw thrown
  }
}

function named(thrown: unknown, dir: string): AttuneError {
  const code = codeOf(thrown)
  const options = { cause: thrown }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `The disk is full: ${dir} could not be written. Free some space and try again.`
    return new AttuneError('disk_full', message, { code }, options)
  }
  if (code === 'EPERM' || code === 'EBUSY' || code === 'EACCES') {
    const message = `${dir} could not be written (${code}): another program holds it, or you may not write there.`
    return new AttuneError('busy', message, { code }, options)
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new AttuneError('internal', `${dir} could not be written: ${reason}`, { code }, options)
}
