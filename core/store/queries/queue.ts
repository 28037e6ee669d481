import type { RunState } from '../../contract/domain.ts'
import type { ErrorPayload } from '../../contract/errors.ts'
import { type Db, transact } from '../database.ts'
import type { RunDraft } from '../run-draft.ts'

/** Where a run stands: what a push carries. */
export interface RunCursor {
  readonly id: string
  readonly state: RunState
  readonly step: number
  readonly revision: number
}

interface ProgressRow {
  readonly state: RunState
  readonly phase: RunDraft['phase']
  readonly phase_progress: number | null
  readonly step: number
  readonly epoch: number
  readonly plan: string | null
  readonly engine: string | null
  readonly metrics: string
  readonly timings: string | null
  readonly ended_at: number | null
  readonly next_seq: number
}

/** The step that a run goes on from. */
export interface ResumePoint {
  readonly step: number
  readonly epoch: number
}

export interface OwnedRow {
  readonly id: string
  readonly owner: string
}

const activeSql = `
  SELECT id, owner FROM runs WHERE state = 'running' AND deleted_at IS NULL ORDER BY created_at, rowid`
const waitingSql = `
  SELECT id, owner FROM runs WHERE state = 'queued' AND deleted_at IS NULL ORDER BY place, created_at, rowid`
const stopRequestSql = 'SELECT stop_requested FROM runs WHERE id = ?'
const progressSql = `
  SELECT state, phase, phase_progress, step, epoch, plan, engine, metrics, timings, ended_at, next_seq
  FROM runs WHERE id = ?`

/** What has begun once goes on before what has not. */
const firstPlace = "SELECT coalesce(min(place), 1) - 1 FROM runs WHERE state = 'queued'"

/** A pause between two attempts, if there is one, ends at `:at`. */
const resting = 'idle_ms = idle_ms + max(0, coalesce(:at - idle_since, 0)), idle_since = NULL'
/** The machine's clock may have been set back meanwhile: nothing ends before it has begun. */
const notBefore = (moment: string) => `max(${moment}, coalesce(started_at + idle_ms, ${moment}))`
const touched = 'revision = revision + 1 WHERE id = :id'
const cursor = 'RETURNING id, state, step, revision'
const claimSql = `
  UPDATE runs SET
    state = 'running', phase = 'starting', owner = :owner, started_at = coalesce(started_at, :at), ${resting},
    ${touched} ${cursor}`
const saveSql = `
  UPDATE runs SET
    state = :state, phase = :phase, phase_progress = :phaseProgress, step = :step, epoch = :epoch, plan = :plan,
    engine = :engine, metrics = :metrics, timings = :timings, ended_at = ${notBefore(':endedAt')}, next_seq = :nextSeq,
    bytes = :bytes + start_bytes, heard_at = :heardAt,
    ${touched} ${cursor}`
const endSql = `
  UPDATE runs SET
    state = :state, error = :error, phase = NULL, phase_progress = NULL, ended_at = ${notBefore(':at')}, ${resting}, ${touched}
    AND state IN ('queued', 'running') ${cursor}`
const requestStopSql = `UPDATE runs SET stop_requested = :value, ${touched} AND state IN ('queued', 'running') ${cursor}`
const resumeSql = `
  UPDATE runs SET
    state = 'queued', owner = :owner, attempt = attempt + 1, next_seq = 0, stop_requested = 0, error = NULL,
    timings = NULL, idle_since = ended_at, ended_at = NULL, step = :step, epoch = :epoch, metrics = :metrics,
    bytes = :bytes + start_bytes, place = (${firstPlace}), ${touched} AND state IN ('paused', 'stopped', 'interrupted', 'failed')
    ${cursor}`
const setPlaceSql = 'UPDATE runs SET place = ? WHERE id = ?'
const heardSql = 'SELECT heard_at FROM runs WHERE id = ?'
const adoptSql = `UPDATE runs SET owner = :owner, ${touched} AND state = 'queued' ${cursor}`
const attemptSql = 'SELECT attempt FROM runs WHERE id = ?'
const ownerSql = 'SELECT owner FROM runs WHERE id = ?'
const setBytesSql = `UPDATE runs SET bytes = :bytes + start_bytes, ${touched} ${cursor}`

/** What runs go through, from the queue to their end. One runs at a time, whatever the number of processes. */
export function queueQueries(db: Db) {
  const active = db.prepare<[], OwnedRow>(activeSql)
  const waiting = db.prepare<[], OwnedRow>(waitingSql)
  const stopRequest = db.prepare<[string], number>(stopRequestSql).pluck()
  const progress = db.prepare<[string], ProgressRow>(progressSql)
  const claim = db.prepare<object, RunCursor>(claimSql)
  const save = db.prepare<object, RunCursor>(saveSql)
  const end = db.prepare<object, RunCursor>(endSql)
  const requestStop = db.prepare<object, RunCursor>(requestStopSql)
  const resume = db.prepare<object, RunCursor>(resumeSql)
  const adopt = db.prepare<object, RunCursor>(adoptSql)
  const attempt = db.prepare<[string], number>(attemptSql).pluck()
  const ownerOf = db.prepare<[string], string>(ownerSql).pluck()
  const setBytes = db.prepare<object, RunCursor>(setBytesSql)
  const setPlace = db.prepare<[number, string]>(setPlaceSql)
  const heardAt = db.prepare<[string], number | null>(heardSql).pluck()

  return {
    /** Those that are being trained, here or elsewhere. */
    active: (): OwnedRow[] => active.all(),

    /** The queue, the next first. */
    waiting: (): OwnedRow[] => waiting.all(),

    /** Puts the queue into this order. Within a transaction that has read it. */
    arrange(ids: readonly string[]): void {
      for (const [i, id] of ids.entries()) setPlace.run(i + 1, id)
    },

    /**
     * Takes the next run for this owner, unless one is running. `mayTake` says what to do with a run that another
     * process queued: take it, leave it and look further, or wait, because its process will take it.
     */
    claimNext(owner: string, at: number, mayTake: (owner: string) => 'take' | 'leave' | 'wait'): RunCursor | null {
      // Looked at without a lock first: the usual answer is that there is nothing.
      if (waiting.get() === undefined) return null
      return transact(
        db,
        () => {
          if (active.get() !== undefined) return null
          for (const run of waiting.all()) {
            const answer = run.owner === owner ? 'take' : mayTake(run.owner)
            if (answer === 'wait') return null
            if (answer === 'take') return claim.get({ id: run.id, owner, at }) ?? null
          }
          return null
        },
        { durable: true },
      )
    },

    /** What a run's events have come to, and which group of them is due. */
    progress(id: string): { readonly draft: RunDraft; readonly nextSeq: number } | null {
      const row = progress.get(id)
      return row ? { draft: draftOf(row), nextSeq: row.next_seq } : null
    },

    /** Within the recorder's transaction. */
    saveProgress(id: string, draft: RunDraft, nextSeq: number, bytes: number, heardAt: number): RunCursor {
      const saved = save.get({
        ...draft,
        id,
        nextSeq,
        bytes,
        heardAt,
        plan: jsonOrNull(draft.plan),
        engine: jsonOrNull(draft.engine),
        metrics: JSON.stringify(draft.metrics),
        timings: jsonOrNull(draft.timings),
      })
      return saved as RunCursor
    },

    /** Ends a queued or running run otherwise than by its own result. Null when it had ended already. */
    end(id: string, state: 'failed' | 'interrupted' | 'stopped' | 'paused', at: number, error: ErrorPayload | null) {
      const given = { id, state, at, error: jsonOrNull(error) }
      return transact(db, () => end.get(given) ?? null, { durable: true })
    },

    /** Leaves word for the run's owner: a stop value of worker/protocol.ts. Null when the run had ended already. */
    requestStop: (id: string, value: 1 | 2 | 3): RunCursor | null => requestStop.get({ id, value }) ?? null,

    /**
     * Puts a run that has ended back into the queue, at the step it goes on from. Within a transaction that rolls back
     * the rest of its record. Null when it is not one that can go on.
     */
    resume(
      id: string,
      owner: string,
      { step, epoch }: ResumePoint,
      metrics: RunDraft['metrics'],
      bytes: number,
    ): RunCursor | null {
      return resume.get({ id, owner, step, epoch, metrics: JSON.stringify(metrics), bytes }) ?? null
    },

    /** Makes a queued run this owner's. */
    adopt: (id: string, owner: string): RunCursor | null => adopt.get({ id, owner }) ?? null,

    ownerOf: (id: string): string | null => ownerOf.get(id) ?? null,

    /** From 1; one more each time that the run was queued again. */
    attempt: (id: string): number => attempt.get(id) ?? 1,

    /** When a run's thread was last heard of; null before its first word. */
    heardAt: (id: string): number | null => heardAt.get(id) ?? null,

    stopRequest: (id: string): number => stopRequest.get(id) ?? 0,

    setBytes: (id: string, bytes: number): RunCursor | null => setBytes.get({ id, bytes }) ?? null,
  }
}

export type QueueQueries = ReturnType<typeof queueQueries>

function draftOf(row: ProgressRow): RunDraft {
  const parsed = <T>(json: string | null) => (json === null ? null : (JSON.parse(json) as T))
  return {
    state: row.state,
    phase: row.phase,
    phaseProgress: row.phase_progress,
    step: row.step,
    epoch: row.epoch,
    plan: parsed<NonNullable<RunDraft['plan']>>(row.plan),
    engine: parsed<NonNullable<RunDraft['engine']>>(row.engine),
    metrics: JSON.parse(row.metrics) as RunDraft['metrics'],
    timings: parsed<NonNullable<RunDraft['timings']>>(row.timings),
    endedAt: row.ended_at,
  }
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value)
}
