import { mkdir } from 'node:fs/promises'
import { type App, createApp } from '../app/create-app.ts'
import { AttuneError } from '../contract/errors.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { attuneCache, attuneHome } from '../util/paths.ts'
import { startWorker } from '../worker/handle.ts'
import { probeEngine } from './engine-probe.ts'
import { program } from './program.ts'
import { engineThreads } from './threads.ts'

export interface HostOptions {
  readonly home?: string
  readonly cache?: string
  readonly clock?: Clock
  readonly threads?: number
}

export interface Host {
  readonly app: App
  readonly home: string
  readonly cache: string
  readonly threads: number
  readonly version: string
}

/**
 * The app over this machine: its data home, its cache, its engine, its threads. The window, the served page and the
 * command line each have one; several processes may share a home. Close with `host.app.close()`.
 */
export async function createHost(options: HostOptions = {}): Promise<Host> {
  const home = options.home ?? attuneHome()
  const cache = options.cache ?? attuneCache()
  const threads = options.threads ?? engineThreads()
  const { version } = program()
  await makeHome(home)
  const clock = options.clock ?? systemClock
  const engine = () => probeEngine(threads)
  const app = await createApp({ home, cache, version, clock, startWorker, engine, threads })
  return { app, home, cache, threads, version }
}

/** Private to the user: it holds their data. */
async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AttuneError(
      'bad_file',
      `The data folder ${home} cannot be made: ${reason}. Let ATTUNE_HOME name a folder that you may write to.`,
      { home },
      { cause },
    )
  }
}
