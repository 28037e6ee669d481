import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import type { Handlers } from '../contract/methods.ts'
import { folderBytes } from '../util/files.ts'
import type { Context } from './context.ts'
import { freeBytes } from './folders.ts'
import { listSamples, listStarters } from './shipped.ts'

/** Walking through the data home takes a while; its size changes slowly. */
const sizeKeptMs = 30_000

/** What the app runs on. */
export function infoHandlers(context: Context): Pick<Handlers, 'app.info'> {
  const { deps, folders, clock } = context
  let size: { readonly bytes: Promise<number>; readonly at: number } | null = null

  const usedBytes = (): Promise<number> => {
    const now = clock.monotonic()
    if (size === null || now - size.at > sizeKeptMs) size = { bytes: folderBytes(folders.home), at: now }
    return size.bytes
  }

  return {
    'app.info': async () => {
      const { info, problem } = deps.engine()
      return {
        version: deps.version,
        platform: `${process.platform}-${process.arch}`,
        home: folders.home,
        engine: info,
        engineProblem: problem,
        cpu: cpus()[0]?.model.trim() ?? 'unknown',
        cores: availableParallelism(),
        memoryBytes: totalmem(),
        freeMemoryBytes: freemem(),
        freeDiskBytes: await freeBytes(folders.home),
        usedDiskBytes: await usedBytes(),
        samples: await listSamples(folders.cache),
        starters: await listStarters(folders.cache),
      }
    },
  }
}
