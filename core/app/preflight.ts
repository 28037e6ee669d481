import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AttuneError, fromErrorPayload } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import type { Preflight } from '../contract/preflight.ts'
import { labelsFor } from '../contract/roles.ts'
import { availableMemory, residentBytesOf } from '../util/available-memory.ts'
import type { WorkerHandle } from '../worker/handle.ts'
import type { HostMemory, PreflightSpec, RunEvent } from '../worker/protocol.ts'
import type { Context } from './context.ts'
import { freeBytes } from './folders.ts'
import { newId } from './ids.ts'
import { type DecidedRun, decideRun, type Written } from './new-run.ts'
import { atPace, earlierStepMs, paceKey } from './pace.ts'
import { surelyFits } from './surely-fits.ts'

/** A forecast that was made so shortly before Start is not made again. */
const freshMs = 15_000

const labels: Partial<Record<Extract<RunEvent, { kind: 'phase' }>['phase'], string>> = {
  tokenizing: 'Reading the rows',
  compiling: 'Preparing the programs',
  training: 'Trying out steps',
}

interface Known {
  readonly key: string
  readonly at: number
  readonly preflight: Preflight
}

/** Forecasts of what runs will need, one at a time. `close` ends one under way. */
export class Preflights {
  private readonly context: Context
  /** Before any engine was loaded into this process. */
  private readonly restingBytes = process.memoryUsage.rss()
  private last: Promise<unknown> = Promise.resolve()
  private running: { readonly task: string | undefined; readonly cancel: () => Promise<void> } | null = null
  private readonly cancelled = new Set<string>()
  private known: Known | null = null
  /** Steps that were tried out, by what their time depends on: milliseconds. */
  private readonly measuredMs = new Map<string, number>()
  private closed = false

  constructor(context: Context) {
    this.context = context
  }

  get handlers(): Pick<Handlers, 'runs.preflight' | 'runs.cancelPreflight'> {
    return {
      'runs.preflight': async ({ config, measure, task }) => ({
        preflight: await this.foresee(decideRun(this.context, config), measure, task),
      }),
      'runs.cancelPreflight': async ({ task }) => {
        if (this.running?.task === task) await this.running.cancel()
        else this.cancelled.add(task)
        return {}
      },
    }
  }

  /**
   * Lets a run pass that fits, or of which nothing can be said. Throws AttuneError does_not_fit with the settings that
   * would fit.
   */
  async admit(written: Written): Promise<void> {
    let preflight: Preflight
    try {
      const decided = decideRun(this.context, written)
      if (surelyFits(decided, availableMemory().availableBytes, await freeBytes(this.context.folders.home))) return
      preflight = this.justNow(decided) ?? (await this.foresee(decided, false))
    } catch {
      return // what is wrong with settings or files is said where they are used
    }
    if (preflight.verdict !== 'does not fit') return
    const { sentence, alternatives, memory, disk } = preflight
    throw new AttuneError('does_not_fit', sentence, { alternatives, memory, disk })
  }

  async close(): Promise<void> {
    this.closed = true
    await this.running?.cancel()
  }

  private async foresee(decided: DecidedRun, wanted: boolean, task?: string): Promise<Preflight> {
    const { store, clock } = this.context
    // Two that compute at once would both be slow, and the forecast wrong.
    const measure = wanted && store.queue.active().length === 0
    const found = await this.inTurn(decided, measure, task)
    const shape = paceKey(decided, found)
    if (found.time.source === 'steps') this.measuredMs.set(shape, found.time.stepMs)
    const busy = wanted && !measure ? 'Not measured while another run trains.' : null
    const preflight = this.paced(decided, found, shape, busy)
    this.known = { key: keyOf(decided), at: clock.monotonic(), preflight }
    return preflight
  }

  private justNow(decided: DecidedRun): Preflight | null {
    const { known } = this
    const isFresh = known?.key === keyOf(decided) && this.context.clock.monotonic() - known.at < freshMs
    return isFresh ? known.preflight : null
  }

  /** With the time that such steps have taken before, where these were not tried out. */
  private paced(decided: DecidedRun, found: Preflight, shape: string, busy: string | null): Preflight {
    const time = busy === null ? found.time : { ...found.time, note: busy }
    if (time.source !== 'graph') return { ...found, time }
    const measured = this.measuredMs.get(shape)
    if (measured !== undefined) return { ...found, time: atPace(time, measured, 'steps') }
    const earlier = earlierStepMs(this.context.store.runs.list(), decided, found.precision)
    return { ...found, time: earlier === null ? time : atPace(time, earlier, 'run') }
  }

  private inTurn(decided: DecidedRun, measure: boolean, task: string | undefined): Promise<Preflight> {
    const result = this.last.then(() => {
      if (this.closed || (task !== undefined && this.cancelled.delete(task))) throw stopped()
      return this.run(decided, measure, task)
    })
    this.last = result.catch(() => {})
    return result
  }

  private async run(decided: DecidedRun, measure: boolean, task: string | undefined): Promise<Preflight> {
    const { deps, folders } = this.context
    const scratchDir = join(folders.trash, `preflight-${newId()}`)
    const spec = this.specOf(decided, measure, scratchDir)
    const start = measure ? (deps.startProcess ?? deps.startWorker) : deps.startWorker
    try {
      return await new Promise<Preflight>((resolve, reject) => {
        let answer: Preflight | null = null
        const handle: WorkerHandle = start(spec, {
          events: (_seq, events) => this.tell(task, events),
          preflight: (told) => {
            answer = told
          },
          done: () => {
            if (answer) resolve(answer)
            else reject(new AttuneError('internal', 'The preflight ended without a result.'))
          },
          failed: (error) => reject(fromErrorPayload(error)),
        })
        const cancel = async () => {
          await handle.terminate()
          reject(stopped())
        }
        this.running = { task, cancel }
      })
    } finally {
      this.running = null
      if (task !== undefined) this.cancelled.delete(task)
      await rm(scratchDir, { recursive: true, force: true })
    }
  }

  private tell(task: string | undefined, events: readonly RunEvent[]): void {
    if (task === undefined) return
    for (const event of events) {
      if (event.kind !== 'phase') continue
      const label = labels[event.phase]
      if (label === undefined) continue
      const { done = 0, total = null } = event
      this.context.bus.emit({ type: 'progress', task, label, done, total })
    }
  }

  private specOf({ config, model, dataset }: DecidedRun, measure: boolean, scratchDir: string): PreflightSpec {
    const { deps, folders } = this.context
    return {
      kind: 'preflight',
      config,
      modelDir: folders.of('models', model.id),
      datasetDir: folders.of('datasets', dataset.id),
      labels: labelsFor(config.task, dataset),
      runsDir: join(folders.home, 'runs'),
      scratchDir,
      threads: deps.threads,
      measure,
      host: this.hostMemory(),
    }
  }

  private hostMemory(): HostMemory {
    const { store, owner } = this.context
    const others = new Set(store.queue.active().flatMap((run) => (run.owner === owner.id ? [] : [run.owner])))
    return {
      restingBytes: this.restingBytes,
      heldBytes: process.memoryUsage.rss(),
      othersBytes: [...others].reduce((sum, id) => sum + (residentBytesOf(Number.parseInt(id, 10)) ?? 0), 0),
    }
  }
}

function keyOf({ config, model, dataset }: DecidedRun): string {
  return JSON.stringify([config, model.id, dataset.contentHash])
}

function stopped(): AttuneError {
  return new AttuneError('stopped', 'The preflight was stopped on request.')
}
