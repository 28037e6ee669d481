import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Run } from '../../core/contract/domain.ts'
import type { RunConfigInput } from '../../core/contract/settings.ts'
import { program } from '../../core/host/program.ts'
import { type Line, linesOf, outcome } from './child.ts'
import type { Measure } from './statistics.ts'

/** Settings of a run beside its model and dataset, which the home has. */
export type Settings = Omit<RunConfigInput, 'model' | 'dataset'>

/** What a run by the command came to. */
export interface CommandRun extends Measure {
  readonly run: Run
  /** From the start of the process to the moment that it told of the first step. */
  readonly firstStepMs: number
}

/** A data home of the benchmark's own with the starter model and the sample e-mails in it. */
export interface Home {
  readonly modelDir: string
  readonly datasetDir: string
  readonly labels: readonly string[]
  /** Trains by the attune command, in a process of its own, and stays until it has ended. */
  train(settings: Settings, threads: number, warmUp: number): Promise<CommandRun>
  remove(): Promise<void>
}

export async function makeHome(): Promise<Home> {
  const dir = await mkdtemp(join(tmpdir(), 'attune-bench-'))
  const attune = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    linesOf(process.execPath, [join(program().root, 'core', 'cli', 'main.ts'), ...args, '--json'], {
      ...env,
      ATTUNE_HOME: dir,
    })
  const { dataset } = outcome(await attune(['datasets', 'import', 'sample:spam-assassin'])) as {
    dataset: { id: string; labels: { label: string }[] }
  }
  const { model } = outcome(await attune(['models', 'add', 'starter:minilm-l6'])) as { model: { id: string } }
  const file = join(dir, 'bench.json')
  return {
    modelDir: join(dir, 'models', model.id),
    datasetDir: join(dir, 'datasets', dataset.id),
    labels: dataset.labels.map(({ label }) => label),
    async train(settings, threads, warmUp) {
      await writeFile(file, JSON.stringify({ ...settings, model: model.id, dataset: dataset.id }))
      const lines = await attune(['train', file, '--watch'], { ATTUNE_THREADS: String(threads) })
      const { run } = outcome(lines) as { run: Run }
      const steps = stepsIn(lines, run.config.per_device_train_batch_size)
      const timed = steps.slice(warmUp)
      return {
        run,
        firstStepMs: steps[0]?.atMs ?? Number.NaN,
        stepMs: timed.map(({ ms }) => ms),
        stepTokens: timed.map(({ tokens }) => tokens),
        peakBytes: run.timings?.peakMemoryBytes ?? Number.NaN,
      }
    },
    remove: () => rm(dir, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/**
 * Each step's time and real tokens, out of the speeds that a run records for every step when logging_steps is 1.
 * Every batch must be whole, so a run must not reach the end of its epoch.
 */
export function stepsIn(lines: readonly Line[], batchSize: number): { atMs: number; ms: number; tokens: number }[] {
  return lines.flatMap(({ atMs, value }) => {
    const values = value.event === 'metrics' ? (value.values as Record<string, number>) : {}
    const rowsPerSecond = values['perf/examples_per_second']
    const tokensPerSecond = values['perf/tokens_per_second']
    if (rowsPerSecond === undefined || tokensPerSecond === undefined) return []
    const ms = (batchSize / rowsPerSecond) * 1000
    return [{ atMs, ms, tokens: Math.round((tokensPerSecond * ms) / 1000) }]
  })
}
