import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../contract/domain.ts'
import { AttuneError, type ErrorPayload, toErrorPayload } from '../contract/errors.ts'
import { labelsFor } from '../contract/roles.ts'
import type { RunConfig } from '../contract/settings.ts'
import { isOwnerAlive } from '../store/owner.ts'
import type { StoredCheckpoint } from '../store/queries/checkpoints.ts'
import type { RunCursor } from '../store/queries/queue.ts'
import type { WorkerHandle } from '../worker/handle.ts'
import { stopValues, type TrainSpec } from '../worker/protocol.ts'
import type { Context } from './context.ts'
import { Endings, endingOf } from './endings.ts'
import { nameError } from './errors.ts'
import { startFolder } from './fork.ts'
import { Inbox } from './inbox.ts'
import { afterInterruption } from './recovery.ts'

/** The run that is being trained in this process. */
interface Active {
  readonly id: string
  readonly handle: WorkerHandle
  readonly inbox: Inbox
}

/**
 * The runs of this process, one at a time over all processes of a data home: a run is claimed in a write transaction.
 * After one has ended, however it did, the next begins. `look` is called when something may have changed.
 */
export class RunQueue {
  private readonly context: Context
  /** Told after each run that ended here. */
  private readonly onEnded: () => void
  private active: Active | null = null
  private readonly endings: Endings
  private readonly recoveries = new Set<Promise<void>>()
  private closed = false

  constructor(context: Context, onEnded: () => void) {
    this.context = context
    this.onEnded = onEnded
    this.endings = new Endings(context, (cursor) => this.announce(cursor))
  }

  /** Catches up with what other processes did: runs they left behind, stops they ask for, a turn that has come. */
  look(): void {
    if (this.closed) return
    this.active?.inbox.drain()
    this.endings.write()
    this.releaseAbandoned()
    this.heedStop()
    this.startNext()
  }

  /** The same for where nobody could be told of an error: the database may be busy. The neighbours' look comes soon. */
  lookSafely(): void {
    try {
      this.look()
    } catch {
      return
    }
  }

  /** Ends a queued or running run. Throws conflict when it had ended already. */
  stop(id: string, keep: boolean): void {
    const { store } = this.context
    const wanted = keep ? stopValues.keep : stopValues.discard
    const cursor = store.transact(
      () => {
        const state = store.queue.progress(id)?.draft.state
        if (state === 'queued') return this.leaveQueue(id)
        if (state !== 'running')
          throw new AttuneError('conflict', `The run ${id} is ${state}: there is nothing to stop.`)
        // A stop at once is not taken back by a later, milder one; a pause by either.
        const atOnce = store.queue.stopRequest(id) === stopValues.discard
        return store.queue.requestStop(id, atOnce ? stopValues.discard : wanted)
      },
      { durable: true },
    )
    if (cursor) this.announce(cursor)
    this.heedStop()
  }

  /** Ends a running run so that it can go on exactly there. Throws conflict when it is not running or being stopped. */
  pause(id: string): void {
    const { store } = this.context
    const cursor = store.transact(
      () => {
        const state = store.queue.progress(id)?.draft.state
        if (state !== 'running') {
          throw new AttuneError('conflict', `The run ${id} is ${state}: only a running run can be paused.`, {
            id,
            state,
          })
        }
        const former = store.queue.stopRequest(id)
        if (former === stopValues.keep || former === stopValues.discard) {
          throw new AttuneError('conflict', `The run ${id} is being stopped: it can be resumed afterwards.`, { id })
        }
        return store.queue.requestStop(id, stopValues.pause)
      },
      { durable: true },
    )
    if (cursor) this.announce(cursor)
    this.heedStop()
  }

  /** A run that waited to go on is where it was; one that never began is over. */
  private leaveQueue(id: string): RunCursor | null {
    const { store, clock } = this.context
    const hasBegun = store.queue.heardAt(id) !== null
    return store.queue.end(id, hasBegun ? 'paused' : 'stopped', clock.now(), null)
  }

  /** Resolves when the records of abandoned runs are put right. */
  async recovered(): Promise<void> {
    await Promise.all(this.recoveries)
  }

  /** Ends what this process trains, which counts as interrupted. */
  async close(): Promise<void> {
    this.closed = true
    const active = this.active
    if (active) {
      await active.handle.terminate()
      active.inbox.drain()
      this.active = null
      // Its result may have come in meanwhile; then there is nothing to put right.
      if (this.context.store.queue.progress(active.id)?.draft.state === 'running') {
        this.endings.add({ id: active.id, state: 'interrupted', error: null })
        this.recover(active.id)
      }
    }
    this.endings.write()
    await this.recovered()
  }

  private startNext(): void {
    const { store, owner, clock, deps, folders } = this.context
    if (this.active || this.closed) return
    if (store.preferences.get('queuePaused')) return
    // A run ended because the disk was full: so would the next.
    if (this.endings.wantRoom && !store.ballast.hasPlenty()) return
    this.endings.wantRoom = false
    const cursor = store.queue.claimNext(owner.id, clock.now(), (other) => {
      if (isOwnerAlive(folders.locks, other)) return 'wait'
      return deps.adoptQueue ? 'take' : 'leave'
    })
    if (!cursor) return
    this.announce(cursor)
    try {
      this.start(cursor.id)
    } catch (thrown) {
      this.endings.add(endingOf(cursor.id, toErrorPayload(nameError(thrown, this.context))))
      this.startNext()
    }
  }

  private start(id: string): void {
    const { deps, clock, store } = this.context
    store.ballast.lay()
    const spec = this.specOf(id)
    const inbox = new Inbox(clock, {
      isBusy: (thrown) => toErrorPayload(nameError(thrown, this.context)).code === 'busy',
      failed: (thrown) => this.giveUp(id, thrown),
      caughtUp: (waitedMs) => this.tellOfWait(id, waitedMs),
    })
    // Not by the run's id: it may be resumed while an earlier thread of it still ends.
    const current = () => this.active?.handle === handle
    const handle = deps.startWorker(spec, {
      events: (seq, events) => {
        if (current()) inbox.put(() => this.announce(store.recorder.record(id, seq, events)))
      },
      done: () => {
        if (current()) inbox.put(() => this.over(id, { code: 'internal', message: 'The run ended without a result.' }))
      },
      failed: (error) => {
        if (current()) inbox.put(() => this.over(id, error))
      },
    })
    this.active = { id, handle, inbox }
  }

  private specOf(id: string): TrainSpec {
    const { store, folders, deps } = this.context
    const run = store.runs.get(id)?.run
    const dataset = run && store.datasets.get(run.dataset.id)?.dataset
    if (!run || !dataset) throw new AttuneError('not_found', `The run ${id} or its dataset is no longer there.`)
    const runDir = folders.of('runs', id)
    mkdirSync(runDir, { recursive: true })
    const checkpoint = this.resumePoint(id)
    return {
      kind: 'train',
      run: id,
      config: this.configOf(run),
      modelDir: folders.of('models', run.model.id),
      datasetDir: folders.of('datasets', run.dataset.id),
      labels: labelsFor(run.config.task, dataset),
      runDir,
      threads: deps.threads,
      ...(checkpoint && { resumeFrom: join(runDir, checkpoint.folder) }),
      ...(run.start && { start: { ...run.start, dir: startFolder(folders, id) } }),
    }
  }

  /** A reproduction computes with what its original came to, where that was left to the machine. */
  private configOf({ id, config }: Run): RunConfig {
    const engine = this.context.store.runs.reproduction(id)?.expected.engine ?? null
    if (engine === null) return config
    return { ...config, engine: engine.kind, precision: engine.precision ?? config.precision }
  }

  /** Where a run that was queued again goes on from; null for the beginning. */
  private resumePoint(id: string): StoredCheckpoint | null {
    const { store, clock } = this.context
    // One that was taken out of the queue before it began has nothing behind it.
    if (store.queue.attempt(id) === 1 || store.queue.heardAt(id) === null) return null
    const [checkpoint = null] = store.checkpoints.list(id)
    const text = checkpoint
      ? `Resumed at step ${checkpoint.step}.`
      : 'Begun again: it had ended before its first checkpoint.'
    store.logs.add(id, { at: clock.now(), level: 'info', text })
    return checkpoint
  }

  /** The thread has ended, and all that it told is on record: its own result among it, or there was none. */
  private over(id: string, error: ErrorPayload): void {
    if (this.context.store.queue.progress(id)?.draft.state === 'running') this.endings.add(endingOf(id, error))
    this.next()
  }

  /** What cannot be written ends the run: its record would no longer be what happened. */
  private giveUp(id: string, thrown: unknown): void {
    const handle = this.active?.handle
    this.endings.add(endingOf(id, toErrorPayload(nameError(thrown, this.context))))
    void handle?.terminate().then(() => this.next())
  }

  private tellOfWait(id: string, waitedMs: number): void {
    const text =
      `Another process held the database's lock for ${Math.ceil(waitedMs / 1000)} s. ` +
      'The run went on meanwhile; what happened is on record now.'
    try {
      this.context.store.logs.add(id, { at: this.context.clock.now(), level: 'warning', text })
    } catch {
      return // locked again, and the record is whole without this line
    }
  }

  private next(): void {
    this.active = null
    this.onEnded()
    this.lookSafely()
  }

  /** Runs of processes that have ended. */
  private releaseAbandoned(): void {
    const { store, owner, folders, clock } = this.context
    for (const run of store.queue.active()) {
      if (run.owner === owner.id || isOwnerAlive(folders.locks, run.owner)) continue
      // Its process may have been dead for days: that time is none of its own.
      const cursor = store.queue.end(run.id, 'interrupted', store.queue.heardAt(run.id) ?? clock.now(), null)
      if (!cursor) continue
      this.announce(cursor)
      this.recover(run.id)
    }
  }

  private recover(id: string): void {
    const recovery = afterInterruption(this.context, id).finally(() => this.recoveries.delete(recovery))
    this.recoveries.add(recovery)
  }

  /** Passes on what was asked of the run here, in this process or another. */
  private heedStop(): void {
    if (!this.active) return
    const asked = this.context.store.queue.stopRequest(this.active.id)
    if (asked === stopValues.pause) this.active.handle.pause()
    else if (asked !== stopValues.none) this.active.handle.stop(asked === stopValues.keep)
  }

  private announce(cursor: RunCursor): void {
    this.context.bus.emit({ type: 'run', ...cursor })
  }
}
