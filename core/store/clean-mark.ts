import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'

/**
 * How the file was when the last process closed it in good order. As long as it is still so, walking through all its
 * pages again would find what was found before; for a command that only lists runs that walk is most of the time.
 */

const markOf = (path: string) => `${path}.clean`

/** After the last connection was closed. Failing to is harmless: the next open looks through the pages. */
export function markClean(path: string): void {
  // Still open elsewhere: that process leaves the mark.
  if (existsSync(`${path}-wal`)) return
  try {
    writeFileSync(markOf(path), stateOf(path))
  } catch {
    return
  }
}

export function isAsMarked(path: string): boolean {
  if (existsSync(`${path}-wal`)) return false
  try {
    return readFileSync(markOf(path), 'utf8') === stateOf(path)
  } catch {
    return false
  }
}

function stateOf(path: string): string {
  const { size, mtimeNs, ino } = statSync(path, { bigint: true })
  return JSON.stringify([size, mtimeNs, ino].map(String))
}
