import { randomUUID } from 'node:crypto'
import { constants, copyFileSync, existsSync, linkSync, rmSync } from 'node:fs'
import type { Clock } from '../util/clock.ts'
import { copyInThread, isBackupDue } from './backup.ts'
import { hasPlenty, layBallast, withBallast } from './ballast.ts'
import { refuseDamagedPages, refuseForeignFile, refuseLostCommits } from './check.ts'
import { isAsMarked, markClean } from './clean-mark.ts'
import { commitMarkOf } from './commit-mark.ts'
import { Curves } from './curves.ts'
import { applicationId, connect, connectToRead, type Db, transact } from './database.ts'
import { nameStoreError } from './errors.ts'
import { type Migration, migrate, readMigrations } from './migrate.ts'
import { checkpointQueries } from './queries/checkpoints.ts'
import { datasetQueries } from './queries/datasets.ts'
import { logQueries } from './queries/logs.ts'
import { metricQueries } from './queries/metrics.ts'
import { modelQueries } from './queries/models.ts'
import { predictionQueries } from './queries/predictions.ts'
import { preferenceQueries } from './queries/preferences.ts'
import { queueQueries } from './queries/queue.ts'
import { runQueries } from './queries/runs.ts'
import { createRecorder } from './recorder.ts'
import { restoredAt } from './restore.ts'
import { emptyWal, readersOf, walBytes } from './wal.ts'

export interface StoreOptions {
  readonly clock: Clock
  /** Ours when absent. */
  readonly migrations?: readonly Migration[]
  /** Told of every statement, with its values: for tests of query plans. */
  readonly onSql?: (sql: string) => void
}

export type Store = ReturnType<typeof assemble>

/**
 * Opens the database at `path`, which is made when there is none, and brings it up to date. Synchronous, as all of it:
 * a statement takes microseconds. Throws AttuneError: bad_file (damaged, foreign, newer, edited, unwritable; the file is
 * left as it is), busy, disk_full.
 */
export function openStore(path: string, options: StoreOptions): Store {
  try {
    // Also on a full disk: where else would a person make room?
    const store = withBallast(path, () => open(path, options))
    layBallast(path)
    return store
  } catch (error) {
    throw nameStoreError(error, path)
  }
}

function open(path: string, { clock, migrations = readMigrations(), onSql }: StoreOptions): Store {
  if (!existsSync(path)) create(path, migrations, clock.now())
  refuseForeignFile(path)
  refuseDamage(path)
  const db = connect(path, onSql)
  try {
    migrate(db, migrations, clock.now())
    return assemble(db, clock)
  } catch (error) {
    db.close()
    throw error
  }
}

/** Over a connection that cannot write: closing another would carry the -wal file into the damaged database. */
function refuseDamage(path: string): void {
  const isKnownWhole = isAsMarked(path)
  const db = connectToRead(path)
  try {
    if (!isKnownWhole) refuseDamagedPages(db, path)
    refuseLostCommits(db, path)
  } finally {
    db.close()
  }
}

/** Built beside and put in place whole: a database under its own name is never half made, whenever the process ends. */
function create(path: string, migrations: readonly Migration[], now: number): void {
  const fresh = `${path}.new-${randomUUID()}`
  try {
    const db = connect(fresh)
    db.pragma(`application_id = ${applicationId}`)
    migrate(db, migrations, now)
    db.close()
    putInPlace(fresh, path)
  } finally {
    for (const file of [fresh, `${fresh}-wal`, `${fresh}-shm`, commitMarkOf(fresh)]) rmSync(file, { force: true })
  }
}

/** Never over another process's database, which may have appeared meanwhile and then is the one. */
function putInPlace(fresh: string, path: string): void {
  try {
    linkSync(fresh, path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') return
    // A file system without hard links.
    copyFileSync(fresh, path, constants.COPYFILE_EXCL)
  }
}

function assemble(db: Db, clock: Clock) {
  const checkpoints = checkpointQueries(db)
  const logs = logQueries(db)
  const metrics = metricQueries(db)
  const predictions = predictionQueries(db)
  const queue = queueQueries(db)
  return {
    path: db.name,
    datasets: datasetQueries(db),
    models: modelQueries(db),
    runs: runQueries(db),
    checkpoints,
    logs,
    metrics,
    predictions,
    preferences: preferenceQueries(db),
    queue,
    curves: new Curves(metrics, queue.attempt),
    recorder: createRecorder(db, { queue, logs, checkpoints, metrics, predictions }, clock),
    /** Several writes as one. `durable`: they outlive a power cut. */
    transact: <T>(work: () => T, options?: { durable?: boolean }): T => transact(db, work, options),
    /** Room that is kept for what must be written when the disk is full. */
    ballast: {
      lay: () => layBallast(db.name),
      hasPlenty: () => hasPlenty(db.name),
      withRoom: <T>(work: () => T): T => withBallast(db.name, work),
    },
    /** The file of the newest changes. */
    wal: {
      bytes: () => walBytes(db.name),
      empty: () => emptyWal(db),
      readers: () => readersOf(db.name),
    },
    backups: {
      /** Whether something was committed since the last one, which is at least so old. */
      isDue: (leastAgeMs: number): boolean => isBackupDue(db.name, clock.now(), leastAgeMs),
      make: (): Promise<void> => copyInThread(db.name, clock.now()),
      /** When one was put in this database's place; null when never. */
      restoredAt: (): number | null => restoredAt(db.name),
    },
    /** A number that changes when another process has committed. */
    dataVersion: (): number => db.pragma('data_version', { simple: true }) as number,
    /** Leaves one tidy file behind, unless another process still has it open. */
    close(): void {
      try {
        db.pragma('optimize')
        db.pragma('wal_checkpoint(TRUNCATE)')
      } catch {
        // On a full disk there is no tidying up; what was committed lies in the -wal file.
      } finally {
        db.close()
      }
      markClean(db.name)
    },
  }
}
