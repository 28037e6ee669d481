import type { FileHandle } from 'node:fs/promises'
import { type FileSystem, realFileSystem } from '../../../core/util/files.ts'

/** Told of each call, by number from 1 and name: the system's error code to fail with, or false to let it through. */
export type Fault = (call: number, name: string) => Promise<string | false>

/** The real file system, in which chosen calls fail before they do anything. Opened files are watched as well. */
export function failing(fault: Fault): { fs: FileSystem; calls: () => number } {
  let calls = 0
  const guard = async (name: string): Promise<void> => {
    const code = await fault(++calls, name)
    if (code !== false) throw Object.assign(new Error(`${code}: ${name}`), { code })
  }
  const guarded = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          // A file that could not be closed would leak out of the test.
          if (name !== 'close') await guard(String(name))
          const result: unknown = await Reflect.apply(value, of, args)
          return name === 'open' ? guarded(result as FileHandle) : result
        }
      },
    })
  return { fs: guarded({ ...realFileSystem }), calls: () => calls }
}
