import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writePicture } from '../../core/data/media/image.ts'
import { writeWav } from '../../core/data/media/wav.ts'
import { uniform } from '../../core/util/random.ts'

/** Made-up pictures and clips that a tiny model learns to tell apart. */

/** A grey picture with a bright bar at the top, in the middle or at the bottom, and noise. */
export function barPicture(kind: number, seed: number, side = 8): Promise<Uint8Array> {
  const bytes = Uint8Array.from({ length: side * side }, (_, i) => {
    const inBar = Math.floor((Math.floor(i / side) * 3) / side) === kind
    return Math.floor((inBar ? 170 : 20) + 60 * uniform(seed, i))
  })
  return writePicture(bytes, { height: side, width: side, channels: 1 })
}

/** A tone of a low, middle or high pitch with noise, a fifth of a second long. */
export function toneClip(kind: number, seed: number, rate = 8000): Uint8Array {
  const hertz = ([300, 1000, 2500][kind] ?? 300) * (1 + 0.1 * uniform(seed, -1))
  const samples = Float32Array.from(
    { length: rate / 5 },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate) + 0.1 * (uniform(seed, i) - 0.5),
  )
  return writeWav({ samples, rate })
}

/** Writes files by relative name. */
export async function writeFiles(dir: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), content)
  }
}

/** A folder a class, so many files each: "low/0.wav". */
export async function classFolders(
  classes: readonly string[],
  count: number,
  ending: string,
  make: (kind: number, seed: number) => Uint8Array | Promise<Uint8Array>,
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {}
  for (const [kind, name] of classes.entries()) {
    for (let i = 0; i < count; i++) files[`${name}/${i}.${ending}`] = await make(kind, 1000 * kind + i)
  }
  return files
}
