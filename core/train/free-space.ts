import { mkdir, statfs } from 'node:fs/promises'
import { AttuneError } from '../contract/errors.ts'

/** Left free beside a checkpoint, so that the database can still say what happened. */
const reserveBytes = 64 * 2 ** 20

/** Bytes to be free before a checkpoint of this size: twice as much, as a former one may have to stay, and a reserve. */
export function neededFor(checkpointBytes: number): number {
  return 2 * checkpointBytes + reserveBytes
}

/**
 * Throws AttuneError disk_full when the disk that `dir` is on has less free space than a checkpoint needs (see
 * neededFor). Makes the folder when absent.
 */
export async function checkFreeSpace(dir: string, expectedBytes: number): Promise<void> {
  await mkdir(dir, { recursive: true })
  const { bavail, bsize } = await statfs(dir)
  const free = bavail * bsize
  const needed = neededFor(expectedBytes)
  if (free >= needed) return
  throw new AttuneError(
    'disk_full',
    `The disk has ${mebibytes(free)} MiB free, but a checkpoint needs ${mebibytes(needed)} MiB (twice its size of ` +
      `${mebibytes(expectedBytes)} MiB, and a reserve). Free some space in ${dir}; the checkpoints written so far are whole.`,
    { free, needed },
  )
}

function mebibytes(bytes: number): string {
  return String(Math.ceil(bytes / 2 ** 20))
}
