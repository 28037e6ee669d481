import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Problem } from './problem.mjs'
import { size } from './report.mjs'

/** SHA-256 of a file, hex; read in pieces. */
export async function sha256(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

export async function checkSha256(path, expected) {
  const found = await sha256(path)
  if (found !== expected)
    throw new Problem(`${basename(path)} is not the file that was expected: its SHA-256 is ${found}, not ${expected}.`)
}

/** Bytes below a folder; 0 when it is not there. Files that vanish meanwhile do not count. */
export async function treeSize(dir) {
  let sum = 0
  for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) sum += await treeSize(path)
    else
      sum += await stat(path).then(
        (info) => info.size,
        () => 0,
      )
  }
  return sum
}

/** Throws unless the disk that holds `dir` (or will) has `bytes` free. */
export async function needSpace(dir, bytes, what) {
  let there = dir
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there)
  const { bavail, bsize } = await statfs(there)
  const free = bavail * bsize
  if (free < bytes)
    throw new Problem(`${what} needs ${size(bytes)} on the disk of ${there}, where ${size(free)} are free.`)
}

/**
 * Makes the folder `target` whole or not at all: `fill` works in a new folder beside it, which then takes its name.
 * Call it under a lock; folders that a killed process left behind are removed first.
 */
export async function placeFolder(target, fill) {
  const parent = dirname(target)
  await mkdir(parent, { recursive: true })
  const prefix = `${basename(target)}.tmp-`
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true })
  }
  const temporary = join(parent, prefix + randomBytes(6).toString('hex'))
  await mkdir(temporary)
  try {
    await fill(temporary)
    await rm(target, { recursive: true, force: true })
    await rename(temporary, target)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}
