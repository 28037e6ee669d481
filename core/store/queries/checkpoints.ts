import { basename } from 'node:path'
import type { Checkpoint } from '../../contract/domain.ts'
import type { RunEvent } from '../../worker/protocol.ts'
import type { Db } from '../database.ts'

/** As the contract has it, but with the folder's name below the run's folder: where that lies and what is in it, the app knows. */
export type StoredCheckpoint = Omit<Checkpoint, 'path' | 'optimizerBytes'> & { readonly folder: string }

interface CheckpointRow {
  readonly run: string
  readonly step: number
  readonly epoch: number
  readonly created_at: number
  readonly folder: string
  readonly bytes: number
  readonly best: 0 | 1
  readonly last: 0 | 1
  readonly metrics: string
}

const upsertSql = `
  INSERT INTO checkpoints (run, step, epoch, created_at, folder, bytes, best, last, metrics)
  VALUES (:run, :step, :epoch, :at, :folder, :bytes, :best, :last, :metrics)
  ON CONFLICT (run, step) DO UPDATE SET
    created_at = excluded.created_at, bytes = excluded.bytes, best = excluded.best, last = excluded.last,
    metrics = excluded.metrics`

/** There is one best and one last; a new one takes the place. */
const dethroneSql = `
  UPDATE checkpoints SET best = best AND NOT :best, last = last AND NOT :last
  WHERE run = :run AND step <> :step`

/** The run says by the folder which one it removed from the disk. */
const pruneSql = 'DELETE FROM checkpoints WHERE run = ? AND folder = ?'
const rollBackSql = 'DELETE FROM checkpoints WHERE run = ? AND step > ?'
const markLastSql = 'UPDATE checkpoints SET last = (step = :step) WHERE run = :run'
const removeSql = 'DELETE FROM checkpoints WHERE run = ? AND step = ?'
const setBytesSql = 'UPDATE checkpoints SET bytes = ? WHERE run = ? AND step = ?'
const listSql = 'SELECT * FROM checkpoints WHERE run = ? ORDER BY step DESC'
const bytesSql = 'SELECT coalesce(sum(bytes), 0) FROM checkpoints WHERE run = ?'

export function checkpointQueries(db: Db) {
  const upsert = db.prepare(upsertSql)
  const dethrone = db.prepare(dethroneSql)
  const prune = db.prepare(pruneSql)
  const rollBack = db.prepare(rollBackSql)
  const markLast = db.prepare(markLastSql)
  const remove = db.prepare(removeSql)
  const setBytes = db.prepare(setBytesSql)
  const list = db.prepare<[string], CheckpointRow>(listSql)
  const bytes = db.prepare<[string], number>(bytesSql).pluck()
  return {
    add(run: string, event: Omit<Extract<RunEvent, { kind: 'checkpoint' }>, 'kind'>): void {
      const best = Number(event.best)
      const last = Number(event.last)
      upsert.run({
        run,
        step: event.step,
        epoch: event.epoch,
        at: event.at,
        folder: basename(event.path),
        bytes: event.bytes,
        best,
        last,
        metrics: JSON.stringify(event.metrics),
      })
      dethrone.run({ run, step: event.step, best, last })
    },
    prune(run: string, path: string): void {
      prune.run(run, basename(path))
    },
    /** Forgets those after a step that a run goes on from; the one of that step is its last then. */
    rollBack(run: string, step: number): void {
      rollBack.run(run, step)
      markLast.run({ run, step })
    },
    /** Makes an earlier one the last: those after it are not to be trusted. */
    markLast(run: string, step: number): void {
      markLast.run({ run, step })
    },
    /** For one whose folder is gone. */
    remove(run: string, step: number): void {
      remove.run(run, step)
    },
    /** After something was taken out of one, or put back. */
    setBytes(run: string, step: number, bytes: number): void {
      setBytes.run(bytes, run, step)
    },
    /** Newest first. */
    list: (run: string): StoredCheckpoint[] => list.all(run).map(checkpointOf),
    bytes: (run: string): number => bytes.get(run) ?? 0,
  }
}

export type CheckpointQueries = ReturnType<typeof checkpointQueries>

function checkpointOf(row: CheckpointRow): StoredCheckpoint {
  return {
    id: `${row.run}-${row.step}`,
    run: row.run,
    step: row.step,
    epoch: row.epoch,
    createdAt: row.created_at,
    folder: row.folder,
    bytes: row.bytes,
    best: row.best === 1,
    last: row.last === 1,
    metrics: JSON.parse(row.metrics) as Record<string, number>,
  }
}
