import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import { hashFile, partialPath, realFileSystem, renamePatiently, syncPath } from '../util/files.ts'
import { type Manifest, manifestFile, parseManifest } from './manifest.ts'

/**
 * Takes a file out of a checkpoint, which stays whole without it, and puts it at `to`. The manifest goes first: an end in
 * between leaves a file too many, which does no harm. Resolves to the bytes of what is left. Throws AttuneError not_found or
 * bad_file, before anything is changed, where there is no manifest that can be read.
 */
export async function takeOut(dir: string, name: string, to: string): Promise<number> {
  const { files, ...manifest } = await readManifest(dir)
  const left = { ...manifest, files: files.filter((file) => file.name !== name) }
  const bytes = await writeManifest(dir, left)
  await renamePatiently(join(dir, name), to, realFileSystem)
  return bytes
}

/** The reverse. Resolves to the bytes of the whole. */
export async function putBack(dir: string, name: string, from: string): Promise<number> {
  const path = join(dir, name)
  await renamePatiently(from, path, realFileSystem)
  const manifest = await readManifest(dir)
  const file = { name, size: (await stat(path)).size, sha256: await hashFile(path) }
  return writeManifest(dir, { ...manifest, files: [...manifest.files, file] })
}

async function readManifest(dir: string): Promise<Manifest> {
  const text = await readFile(join(dir, manifestFile), 'utf8').catch((cause: unknown) => {
    throw new AttuneError('not_found', `The checkpoint in ${dir} has no ${manifestFile}.`, undefined, { cause })
  })
  return parseManifest(dir, text)
}

/** In place of the former one, at once. Never into it: another folder may have the same file under its own name. */
async function writeManifest(dir: string, manifest: Manifest): Promise<number> {
  const path = join(dir, manifestFile)
  const temporary = partialPath(path)
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  await realFileSystem.writeFile(temporary, text)
  await syncPath(temporary, realFileSystem)
  await renamePatiently(temporary, path, realFileSystem)
  await syncPath(dir, realFileSystem)
  return manifest.files.reduce((sum, { size }) => sum + size, Buffer.byteLength(text))
}
