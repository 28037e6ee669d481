import {
  type Checkpoint,
  isRecorded,
  type LogLine,
  type Phase,
  type Run,
  type RunState,
  seriesInfos,
} from '../contract/domain.ts'
import type { TaskName } from '../contract/settings.ts'
import type { Ground } from './ground.ts'

/** One line of `--watch --json`: what was newly found in a run's record. */
export type WatchEvent =
  | { readonly event: 'state'; readonly run: string; readonly name: string; readonly state: RunState }
  | { readonly event: 'phase'; readonly phase: Phase; readonly progress: number | null }
  | { readonly event: 'metrics'; readonly step: number; readonly values: Readonly<Record<string, number>> }
  | ({ readonly event: 'log' } & LogLine)
  | ({ readonly event: 'checkpoint' } & Omit<Checkpoint, 'run'>)

const ended: ReadonlySet<RunState> = new Set(['paused', 'stopped', 'finished', 'failed', 'interrupted', 'archived'])
/** Pushes say when to look; a lost one costs this much. */
const lookAtLeastEveryMs = 1000
/** More buckets than points can come between two looks, so that no point is merged with another. */
const width = 4000
const logPage = 5000

/** Series that a run records together, so that one cursor serves them. */
const groups = ['train/', 'eval/', 'perf/']

function seriesOf(group: string, task: TaskName): string[] {
  return seriesInfos.filter((info) => info.name.startsWith(group) && isRecorded(info, task)).map(({ name }) => name)
}

/**
 * Follows a run to its end through its record: whether it trains in this process, in another, or is over already, the
 * events are the same and complete. Resolves to the run as it ended. `onRun` sees the record at every look.
 */
export async function watchRun(
  { call, subscribe }: Pick<Ground, 'call' | 'subscribe'>,
  id: string,
  emit: (event: WatchEvent) => void,
  onRun: (run: Run) => void = () => {},
): Promise<Run> {
  const bell = createBell()
  const unsubscribe = subscribe((event) => {
    if (event.type === 'run' && event.id === id) bell.ring()
  })
  const cursors = groups.map(() => -1)
  const checkpoints = new Set<string>()
  let state: RunState | null = null
  let phase = ''
  let seq = -1

  const look = async (): Promise<Run> => {
    const { run } = await call('runs.get', { id })
    if (run.state !== state && !ended.has(run.state))
      emit({ event: 'state', run: id, name: run.name, state: run.state })
    const nowPhase = run.phase === null ? '' : `${run.phase} ${run.phaseProgress}`
    if (nowPhase !== phase && run.phase !== null) {
      emit({ event: 'phase', phase: run.phase, progress: run.phaseProgress })
    }
    phase = nowPhase
    await newLogLines()
    await newMetrics(run.config.task)
    await newCheckpoints()
    // The end is told last: by then everything before it has been.
    if (run.state !== state && ended.has(run.state)) emit({ event: 'state', run: id, name: run.name, state: run.state })
    state = run.state
    onRun(run)
    return run
  }

  const newLogLines = async (): Promise<void> => {
    for (;;) {
      const { lines } = await call('runs.log', { id, after: seq, limit: logPage })
      for (const line of lines) emit({ event: 'log', ...line })
      seq = lines.at(-1)?.seq ?? seq
      if (lines.length < logPage) return
    }
  }

  const newMetrics = async (task: TaskName): Promise<void> => {
    const found = new Map<number, Record<string, number>>()
    for (const [index, group] of groups.entries()) {
      const after = cursors[index] ?? -1
      const names = seriesOf(group, task)
      const { series } = await call('metrics.series', { runs: [id], series: names, after, width, smoothing: 0 })
      for (const { series: name, step, last } of series) {
        for (const [i, at] of step.entries()) {
          const value = last[i]
          if (at <= after || value === null || value === undefined) continue
          const values = found.get(at) ?? {}
          values[name] = value
          found.set(at, values)
          cursors[index] = Math.max(cursors[index] ?? -1, at)
        }
      }
    }
    for (const step of [...found.keys()].sort((a, b) => a - b)) {
      emit({ event: 'metrics', step, values: found.get(step) ?? {} })
    }
  }

  const newCheckpoints = async (): Promise<void> => {
    const all = (await call('runs.checkpoints', { id })).checkpoints
    for (const { run: _, ...checkpoint } of all.toSorted((a, b) => a.step - b.step)) {
      if (checkpoints.has(checkpoint.id)) continue
      checkpoints.add(checkpoint.id)
      emit({ event: 'checkpoint', ...checkpoint })
    }
  }

  try {
    for (;;) {
      const run = await look()
      if (ended.has(run.state)) return run
      await bell.wait(lookAtLeastEveryMs)
    }
  } finally {
    unsubscribe()
  }
}

/** A wait that a ring ends; a ring with nobody waiting ends the next wait. */
function createBell() {
  let rung = false
  let wake: () => void = () => {}
  return {
    ring() {
      rung = true
      wake()
    },
    async wait(atMostMs: number): Promise<void> {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, atMostMs)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      rung = false
      wake = () => {}
    },
  }
}
