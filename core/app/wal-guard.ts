import type { Context } from './context.ts'

const mebi = 2 ** 20
/** From here on the file is emptied, and from there on whoever prevents it is named. */
const usual = { emptyAt: 64 * mebi, warnAt: 256 * mebi }
const looksEveryMs = 2000
const warnsEveryMs = 10 * 60_000

/**
 * Keeps the database's -wal file small. One that reads an old state for long (a database browser) lets it grow without
 * bound: then the runs that are being trained say so in their log.
 */
export function guardWal(
  { store, clock }: Pick<Context, 'store' | 'clock'>,
  limits = usual,
): { look(): void; close(): void } {
  let warnedAt = Number.NEGATIVE_INFINITY

  const look = (): void => {
    if (store.wal.bytes() < limits.emptyAt || store.wal.empty()) return
    const bytes = store.wal.bytes()
    if (bytes < limits.warnAt || clock.monotonic() - warnedAt < warnsEveryMs) return
    warnedAt = clock.monotonic()
    const readers = store.wal.readers()
    const who = readers.length === 0 ? 'another program' : `process ${readers.join(', ')}`
    const text =
      `The database's -wal file has grown to ${Math.round(bytes / mebi)} MiB, because ${who} has been reading an ` +
      'older state of it for long. It shrinks when that is closed.'
    for (const { id } of store.queue.active()) store.logs.add(id, { at: clock.now(), level: 'warning', text })
  }

  const timer = setInterval(() => {
    try {
      look()
    } catch {
      // Busy or full for now: the next look comes soon.
    }
  }, looksEveryMs)
  timer.unref()
  return { look, close: () => clearInterval(timer) }
}
