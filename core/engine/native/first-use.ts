/**
 * tfjs-node keeps one set of attribute names for the whole process, without a lock, and adds to it when an operation is
 * executed eagerly for the first time: two threads that do so at once may crash. (Graphs are run without it.) Threads that
 * share this lock take turns where that may happen.
 */
let words: Int32Array | null = null

/** How long a thread that was ended amid its turn can keep the others waiting. */
const patienceMs = 30_000

/** The lock, four bytes at 0 first: the threads of a process have to be given the same. */
export function shareFirstUse(buffer: SharedArrayBuffer): void {
  words = new Int32Array(buffer)
}

/** Runs `work` while no other thread that shares the lock is within a call of this. */
export function inTurn<T>(work: () => T, patience = patienceMs): T {
  const lock = words
  if (lock === null) return work()
  while (Atomics.compareExchange(lock, 0, 0, 1) !== 0) {
    if (Atomics.wait(lock, 0, 1, patience) === 'timed-out') break
  }
  try {
    return work()
  } finally {
    Atomics.store(lock, 0, 0)
    Atomics.notify(lock, 0, 1)
  }
}
