import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import { nameStoreError } from './errors.ts'

/**
 * A file beside the database that takes up room which nothing else may take, until the disk is full: dropped then, it
 * lets the database say so. SQLite in WAL mode needs room even to delete.
 */

/** A thousand pages: what a run's end and a resume write is some dozen of them. */
const ballastBytes = 4 * 2 ** 20
/** With less room left than this it is not laid (again): others need it more. */
const plentyBytes = 64 * 2 ** 20

const ballastOf = (path: string) => `${path}.ballast`

/** Unless it is there, or room is short. Failing to is harmless until the disk is full. */
export function layBallast(path: string): void {
  try {
    if (existsSync(ballastOf(path)) || !hasPlenty(path)) return
    // Not zeros, which some file systems do not store.
    writeFileSync(ballastOf(path), Buffer.alloc(ballastBytes, 'ballast of the database '), { flag: 'wx', mode: 0o600 })
  } catch {
    return
  }
}

/**
 * The same work once more without the ballast, when the disk was full with it. Only for what must be written: it is not
 * laid again before there is plenty of room.
 */
export function withBallast<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const named = nameStoreError(error, path)
    if (!(named instanceof AttuneError && named.code === 'disk_full' && dropBallast(path))) throw error
    return work()
  }
}

/** False when there was none, and so nothing was gained. */
function dropBallast(path: string): boolean {
  if (!existsSync(ballastOf(path))) return false
  try {
    rmSync(ballastOf(path))
    return true
  } catch {
    return false
  }
}

/** Whether the disk of the database has room for more than the next few words. */
export function hasPlenty(path: string): boolean {
  const { bavail, bsize } = statfsSync(dirname(path))
  return bavail * bsize >= plentyBytes
}
