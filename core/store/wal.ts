import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Db } from './database.ts'

/** Bytes of the file that the newest changes of a database lie in; SQLite carries them over and begins it anew. */
export function walBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
}

/**
 * Carries over what can be, without waiting for anyone, and empties the file. False when a reader holds on to an older
 * state: then it grows on, whoever writes.
 */
export function emptyWal(db: Db): boolean {
  const timeout = db.pragma('busy_timeout', { simple: true })
  db.pragma('busy_timeout = 0')
  try {
    const [row] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
    return row?.busy === 0
  } finally {
    db.pragma(`busy_timeout = ${timeout}`)
  }
}

/** Where SQLite's WAL-index keeps the locks of readers: UNIX_SHM_BASE + WAL_READ_LOCK(0..4), in the -shm file. */
const firstReaderByte = 123
const lastReaderByte = 127

/**
 * The processes that read a database right now, as "4711 (sqlite3)": by the kernel's table of locks, so on Linux only.
 * Empty where it cannot be told.
 */
export function readersOf(path: string): string[] {
  try {
    const { ino } = statSync(`${path}-shm`, { bigint: true })
    return readerPids(readFileSync('/proc/locks', 'utf8'), ino).map((pid) => `${pid} (${nameOf(pid)})`)
  } catch {
    return []
  }
}

/** Out of lines like "7: POSIX  ADVISORY  READ 4711 fe:00:123456 124 124". */
export function readerPids(locks: string, inode: bigint): number[] {
  const pids = new Set<number>()
  for (const line of locks.split('\n')) {
    const [, pid, file, first] = /\bPOSIX\s+\S+\s+READ\s+(\d+)\s+[\da-f]+:[\da-f]+:(\d+)\s+(\d+)\s/.exec(line) ?? []
    if (file !== String(inode)) continue
    if (Number(first) >= firstReaderByte && Number(first) <= lastReaderByte) pids.add(Number(pid))
  }
  return [...pids]
}

function nameOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`))
  } catch {
    return 'another program'
  }
}
