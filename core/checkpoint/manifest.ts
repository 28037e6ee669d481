import { stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { codeOf, type FileSystem, hashFile } from '../util/files.ts'

/** manifest.json: the files of a checkpoint with sizes and hashes. A checkpoint without a valid one does not exist. */
export const manifestFile = 'manifest.json'

const manifestSchema = z.strictObject({
  version: z.literal(1),
  files: z.array(
    z.strictObject({
      /** Below the folder, with "/" between parts. */
      name: z.string().regex(/^(?!.*(^|\/)\.\.?(\/|$))[^/\\:]+(\/[^/\\:]+)*$/),
      size: z.number().int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
})
export type Manifest = z.infer<typeof manifestSchema>

/** The manifest of everything in a folder, by name. */
export async function manifestOf(dir: string, fs: FileSystem): Promise<Manifest> {
  const entries = await fs.readdir(dir, { recursive: true, withFileTypes: true })
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
  const files: Manifest['files'] = []
  for (const name of names) {
    const path = join(dir, name)
    files.push({ name, size: (await fs.stat(path)).size, sha256: await hashFile(path) })
  }
  return { version: 1, files }
}

/** Parses a manifest and compares the folder with it. Throws AttuneError bad_file naming the first difference. */
export async function checkManifest(dir: string, text: string): Promise<Manifest> {
  const manifest = parseManifest(dir, text)
  for (const { name, size, sha256 } of manifest.files) {
    const path = join(dir, name)
    const found = await sizeOf(path)
    if (found === null) throw damaged(dir, `${name} is missing`)
    if (found !== size) throw damaged(dir, `${name} has ${found} bytes, not ${size}`)
    if ((await hashFile(path)) !== sha256) throw damaged(dir, `the content of ${name} has changed`)
  }
  return manifest
}

/** Throws AttuneError bad_file for what is no manifest. */
export function parseManifest(dir: string, text: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(text))
  } catch {
    throw damaged(dir, `${manifestFile} is not what was written`)
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return null
    throw thrown
  }
}

function damaged(dir: string, what: string): AttuneError {
  return new AttuneError('bad_file', `The checkpoint in ${dir} is damaged: ${what}.`)
}
