import type { Run, RunTimings } from '../../contract/domain.ts'
import { AttuneError } from '../../contract/errors.ts'
import { countedIn } from '../../contract/roles.ts'
import type { RunConfigInput, TaskName } from '../../contract/settings.ts'
import { bytes, duration, number } from '../format.ts'
import type { Ground } from '../ground.ts'
import { createProgressLine } from '../progress-line.ts'
import { runConfigOf } from '../run-file.ts'
import { facts } from '../table.ts'
import { watchRun } from '../watch.ts'
import { tellNeeds } from './preflight.ts'

export interface TrainOptions {
  readonly watch: boolean
  readonly set: readonly string[]
  readonly ignorePreflight: boolean
  /** Percent of the training rows: one run each. */
  readonly shares?: readonly number[]
}

/** As a shell reports a process that a SIGINT ended. */
const interruptedCode = 130
/** Without a terminal, progress is a line of its own: this often. */
const plainEveryMs = 5000

/**
 * Queues a run and stays until it has ended, since a run lives in the process that trains it: this one, or a window
 * that is open on the same data home and takes it from the queue. Resolves to the exit code: 0 when the run finished,
 * 130 when a signal stopped it (its weights are kept), 1 otherwise.
 */
export async function train(
  ground: Ground,
  file: string,
  { watch, set, ignorePreflight, shares }: TrainOptions,
): Promise<number> {
  const { call } = ground
  const config = await runConfigOf(ground, file, set)
  if (!ground.output.json) await tellNeeds(ground, config)
  if (shares !== undefined) {
    const runs: Run[] = []
    for (const share of shares) runs.push(await withShare(ground, config, share, ignorePreflight))
    return trainAll(ground, runs, { watch }, (ended) => ({ runs: ended }))
  }
  const { run } = await call('runs.create', { config, ignorePreflight })
  return trainAll(ground, [run], { watch }, ([ended]) => ({ run: ended }))
}

/** The same run on a share of its training rows, in percent; the name says which. */
async function withShare(
  { call }: Ground,
  config: RunConfigInput,
  share: number,
  ignorePreflight: boolean,
): Promise<Run> {
  const name = config.name === undefined ? {} : { name: `${config.name} ${share} %` }
  const { run } = await call('runs.create', {
    config: { ...config, ...name, train_share: share / 100 },
    ignorePreflight,
  })
  return run
}

/** Stays until all of these have ended; `answer` is the last object of --json, `text` what a person reads. */
export async function trainAll(
  ground: Ground,
  runs: readonly Run[],
  { watch }: { readonly watch: boolean },
  answer: (ended: readonly Run[]) => object | Promise<object>,
  text = (ended: readonly Run[]) => ended.map(summary).join('\n\n'),
): Promise<number> {
  const { output } = ground
  const signals = listenForStop(
    ground,
    runs.map(({ id }) => id),
  )
  try {
    const ended: Run[] = []
    for (const run of runs) ended.push(await stay(ground, run, { watch }))
    const object = await answer(ended)
    if (output.json) output.object(object)
    else output.text(text(ended))
    return exitCodeOf(ended, signals.count() > 0)
  } finally {
    signals.end()
  }
}

/** Follows one queued run to its end, telling how it goes. */
export async function stay(ground: Ground, run: Run, { watch }: { readonly watch: boolean }): Promise<Run> {
  const { host, io, output } = ground
  if (!output.json) {
    output.note(`Run ${run.name} (${run.id}): ${run.model.name} on ${run.dataset.name}.`)
    output.note('It trains while this command runs. Ctrl+C stops it and keeps its weights.')
  }
  if ((await ground.call('queue.get', {})).paused && run.state === 'queued') {
    output.note('The queue is paused: the run waits. "attune runs queue --resume" lets it begin.')
  }
  const line = createProgressLine()
  let lastPlain = Number.NEGATIVE_INFINITY
  const ended = await watchRun(
    ground,
    run.id,
    (event) => {
      line.take(event)
      if (watch && output.json) output.object(event)
      if (!output.json && event.event === 'log' && event.level !== 'info') output.note(event.text)
    },
    (now) => {
      if (!watch || output.json) return
      const terminal = io.stderr.isTTY === true
      if (!terminal && performance.now() - lastPlain < plainEveryMs) return
      lastPlain = performance.now()
      output.progress(line.text(now))
    },
  )
  await host.idle()
  return ended
}

/** 0 when all finished, 130 when a signal stopped one of them, 1 otherwise. */
export function exitCodeOf(runs: readonly Run[], signalled: boolean): number {
  if (runs.every(({ state }) => state === 'finished')) return 0
  return signalled && runs.some(({ state }) => state === 'stopped') ? interruptedCode : 1
}

/**
 * The first signal asks the run to stop after its present step and save, and takes those that wait out of the queue; the
 * second ends the process at once.
 */
export function listenForStop({ call, io, output }: Ground, ids: readonly string[]) {
  let count = 0
  const end = io.onSignal(() => {
    count += 1
    if (count > 1) return io.exit(interruptedCode)
    output.note('Stopping after this step and saving the weights. Once more to leave at once.')
    // The last first: otherwise the next would begin when the one before it ends.
    for (const id of ids.toReversed()) {
      call('runs.stop', { id, keep: true }).catch((error: unknown) => {
        const over = error instanceof AttuneError && error.code === 'conflict'
        if (!over) output.note(error instanceof Error ? error.message : String(error))
      })
    }
  })
  return { count: () => count, end }
}

/** What is counted in whole files is no other number than the examples. */
function speed(task: TaskName, { examplesPerSecond, tokensPerSecond }: RunTimings): string {
  const counted = countedIn(task)
  const examples = examplesPerSecond.toFixed(1)
  return counted === 'tokens'
    ? `${examples} examples/s, ${Math.round(tokensPerSecond)} tokens/s`
    : `${examples} ${counted}/s`
}

export function summary(run: Run): string {
  const { timings } = run
  const rows: [string, string][] = [
    ['run', `${run.name} (${run.id})`],
    ['state', run.error ? `${run.state}: ${run.error.message}` : run.state],
  ]
  for (const [series, { last, best }] of Object.entries(run.metrics)) {
    if (series.startsWith('perf/') || series === 'train/learning_rate') continue
    rows.push([series, `${number(last.value)} (best ${number(best.value)} at step ${best.step})`])
  }
  if (timings) {
    rows.push(
      ['steps', `${timings.steps} in ${duration(timings.seconds)}, median ${number(timings.medianStepMs)} ms`],
      ['speed', speed(run.config.task, timings)],
      ['peak memory', bytes(timings.peakMemoryBytes)],
    )
  }
  return facts(rows)
}
