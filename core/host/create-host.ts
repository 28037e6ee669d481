import { mkdir } from 'node:fs/promises'
import { type App, createApp } from '../app/create-app.ts'
import { AttuneError } from '../contract/errors.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { attuneCache, attuneHome } from '../util/paths.ts'
import { startProcess, startWorker } from '../worker/handle.ts'
import { probeEngine } from './engine-probe.ts'
import { program } from './program.ts'
import { engineThreads } from './threads.ts'
import { watchTraining } from './training.ts'

export interface HostOptions {
  readonly home?: string
  readonly cache?: string
  readonly clock?: Clock
  readonly threads?: number
  /**
   * Whether this process also trains queued runs whose own process has ended. True when absent: a window or a server
   * stays. A short command must not begin what it will not end.
   */
  readonly adoptQueue?: boolean
}

export interface Host {
  readonly app: App
  readonly home: string
  readonly cache: string
  readonly threads: number
  readonly version: string
  /** Resolves when no worker trains here any more. */
  idle(): Promise<void>
  /** Lets the run that trains here save its weights and end; then `app.close()` interrupts nothing. */
  settle(): Promise<void>
}

/**
 * The app over this machine: its data home, its cache, its engine, its threads. The window, the served page and the
 * command line each have one; several processes may share a home. Close with `host.app.close()`, which interrupts the
 * run that trains here; `settle` before it ends that run well.
 */
export async function createHost(options: HostOptions = {}): Promise<Host> {
  const home = options.home ?? attuneHome()
  const cache = options.cache ?? attuneCache()
  const threads = options.threads ?? engineThreads()
  const { version } = program()
  await makeHome(home)
  prepareEngine(threads)
  const training = watchTraining(startWorker)
  const app = await createApp({
    home,
    cache,
    version,
    clock: options.clock ?? systemClock,
    startWorker: training.startWorker,
    startProcess,
    engine: () => probeEngine(threads),
    threads,
    adoptQueue: options.adoptQueue ?? true,
  })
  return { app, home, cache, threads, version, idle: training.idle, settle: () => training.settle(app) }
}

/**
 * TensorFlow reads these once, when the first run's thread loads it, and out of the process's own environment, which a
 * thread cannot set.
 */
function prepareEngine(threads: number): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads)
  process.env.TF_NUM_INTEROP_THREADS ??= String(threads)
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
