import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Makes the system calls of a process fail, below everything that is ours: SQLite, Node's file system, tfjs. Linux. */

/** Builds the library in a folder. Null where there is no C compiler, or no way to preload. */
export function buildFailingCalls(dir: string): string | null {
  if (process.platform !== 'linux') return null
  const library = join(dir, 'failing-calls.so')
  const source = join(import.meta.dirname, 'failing-calls.c')
  for (const compiler of ['cc', 'gcc', 'clang']) {
    const { status } = spawnSync(compiler, ['-shared', '-fPIC', '-O1', '-w', '-o', library, source, '-ldl'])
    if (status === 0) return library
  }
  return null
}

export const noFailingCalls = 'making system calls fail needs Linux and a C compiler'

/** The environment of a process whose calls on files with `name` in their path can be made to fail. */
export function failingEnvironment(dir: string, library: string, name: string): NodeJS.ProcessEnv {
  const control = join(dir, 'control')
  writeFileSync(control, Buffer.alloc(4 * words.count))
  return { LD_PRELOAD: library, FAILING_CALLS: control, FAILING_NAME: name }
}

const words = { armed: 0, failAt: 1, forEver: 2, error: 3, calls: 4, fired: 5, count: 6 } as const
const codes = { EIO: 5, ENOSPC: 28 } as const

export interface Failure {
  /** From 1; 0 fails none, and counts. */
  readonly call: number
  readonly code: keyof typeof codes
  /** Every later call fails as well. */
  readonly forEver: boolean
}

/** Within such a process: makes calls fail from here on. The answer ends it, and tells how many calls there were. */
export function failCalls({ call, code, forEver }: Failure, control = process.env.FAILING_CALLS ?? '') {
  const file = openSync(control, 'r+')
  const set = (values: readonly number[]) =>
    writeSync(file, Buffer.from(Int32Array.from(values).buffer), 0, undefined, 0)
  set([1, call, Number(forEver), codes[code], 0, 0])
  return (): { calls: number; fired: boolean } => {
    const state = new Int32Array(words.count)
    readSync(file, state, 0, 4 * words.count, 0)
    set([0, 0, 0, 0, 0, 0])
    closeSync(file)
    return { calls: state[words.calls] ?? 0, fired: state[words.fired] === 1 }
  }
}
