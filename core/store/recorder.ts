import { AttuneError } from '../contract/errors.ts'
import type { Clock } from '../util/clock.ts'
import type { RunEvent } from '../worker/protocol.ts'
import { type Db, transact } from './database.ts'
import type { CheckpointQueries } from './queries/checkpoints.ts'
import type { LogQueries } from './queries/logs.ts'
import type { MetricQueries } from './queries/metrics.ts'
import type { PredictionQueries } from './queries/predictions.ts'
import type { QueueQueries, RunCursor } from './queries/queue.ts'
import { advance } from './run-draft.ts'

export interface Recorder {
  /**
   * Writes one group of a run's events in one transaction; resolves to where the run stands now. When it returns, the
   * group survives any end of this process, and a group with a checkpoint or the result also a power cut.
   * Throws `internal` when a group was lost or came twice, `conflict` when the run is not running (any more), and as
   * busy soon when another process holds the lock: a group can be given again.
   */
  record(run: string, seq: number, events: readonly RunEvent[]): RunCursor
}

interface Topics {
  readonly queue: QueueQueries
  readonly logs: LogQueries
  readonly checkpoints: CheckpointQueries
  readonly metrics: MetricQueries
  readonly predictions: PredictionQueries
}

/** Our own processes hold the lock for a millisecond or so. */
const patienceMs = 100

const toldToThePerson: ReadonlySet<RunEvent['kind']> = new Set(['checkpoint', 'predictions', 'result'])

export function createRecorder(db: Db, topics: Topics, clock: Clock): Recorder {
  const { queue, logs, checkpoints, metrics, predictions } = topics

  function write(run: string, seq: number, events: readonly RunEvent[]): RunCursor {
    const progress = queue.progress(run)
    if (progress === null) throw new AttuneError('not_found', `There is no run ${run} to record.`)
    if (progress.draft.state !== 'running') {
      throw new AttuneError('conflict', `The run ${run} is ${progress.draft.state}: it records nothing more.`)
    }
    if (seq !== progress.nextSeq) {
      throw new AttuneError(
        'internal',
        `The run ${run} sent group ${seq} of its events where ${progress.nextSeq} was due.`,
      )
    }
    let draft = progress.draft
    for (const event of events) {
      draft = advance(draft, event, clock.now())
      writeRows(run, event)
    }
    return queue.saveProgress(run, draft, seq + 1, checkpoints.bytes(run), clock.now())
  }

  function writeRows(run: string, event: RunEvent): void {
    if (event.kind === 'metrics') metrics.add(run, event)
    else if (event.kind === 'log') logs.add(run, event)
    else if (event.kind === 'checkpoint') checkpoints.add(run, event)
    else if (event.kind === 'pruned') checkpoints.prune(run, event.path)
    else if (event.kind === 'lastGood') checkpoints.markLast(run, event.step)
    else if (event.kind === 'predictions') predictions.set(run, event)
  }

  return {
    record(run, seq, events) {
      const durable = events.some(({ kind }) => toldToThePerson.has(kind))
      return transact(db, () => write(run, seq, events), { durable, patienceMs })
    },
  }
}
