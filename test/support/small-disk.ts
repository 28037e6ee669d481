import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A file system in memory of so many mebibytes, gone when the test ends; null where none may be mounted. */
export function smallDisk(mebibytes: number): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null
  const dir = mkdtempSync(join(tmpdir(), 'attune-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'attune-test', dir], {
      stdio: 'ignore',
    })
  } catch {
    rmdirSync(dir)
    return null
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', dir])
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

export const noSmallDisk = 'mounting a small file system needs Linux and its superuser'

/** Takes up all room that is left on the disk of a folder; whoever calls the answer gets it back. */
export function fillDisk(dir: string): () => void {
  const path = join(dir, 'filler')
  const file = openSync(path, 'w')
  for (let size = 1 << 20; size >= 1; size >>= 2) writeUntilFull(file, Buffer.alloc(size, 1))
  closeSync(file)
  return () => rmSync(path)
}

function writeUntilFull(file: number, bytes: Buffer): void {
  for (;;) {
    try {
      if (writeSync(file, bytes) < bytes.length) return
    } catch {
      return
    }
  }
}
