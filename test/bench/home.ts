import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Run } from '../../core/contract/domain.ts'
import type { Preflight } from '../../core/contract/preflight.ts'
import type { RunConfigInput } from '../../core/contract/settings.ts'
import { program } from '../../core/host/program.ts'
import { type Line, linesOf, outcome } from './child.ts'
import { writeRandomModel } from './random-model.ts'
import { gpt2Small } from './shapes.ts'
import type { Measure } from './statistics.ts'

/** Settings of a run beside its model and dataset, which the home has. */
export type Settings = Omit<RunConfigInput, 'model' | 'dataset'>

/** What a run by the command came to. */
export interface CommandRun extends Measure {
  readonly run: Run
  /** From the start of the process to the moment that it told of the first step. */
  readonly firstStepMs: number
}

/** What a run is made of, by ids. */
export interface Subject {
  readonly model: string
  readonly dataset: string
}

/** A data home of the benchmark's own with the starter model and the sample e-mails in it. */
export interface Home {
  readonly mails: Subject
  readonly modelDir: string
  readonly datasetDir: string
  readonly labels: readonly string[]
  /** Trains by the attune command, in a process of its own, and stays until it has ended. */
  train(settings: Settings, threads: number, warmUp: number, subject?: Subject): Promise<CommandRun>
  /** What the attune command foresees of it after trying some steps. */
  preflight(settings: Settings, threads: number, subject?: Subject): Promise<Preflight>
  /** GPT-2-small with weights that are always the same, to be trained on the e-mails' texts; made when first asked for. */
  gpt2(): Promise<Subject>
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
  const modelDir = join(dir, 'models', model.id)
  const mails = { model: model.id, dataset: dataset.id }
  const configFile = async (settings: Settings, subject: Subject) => {
    const file = join(dir, 'bench.json')
    await writeFile(file, JSON.stringify({ ...settings, ...subject }))
    return file
  }
  const makeGpt2 = async (): Promise<Subject> => {
    const folder = join(dir, 'gpt2-small')
    await mkdir(folder)
    await writeRandomModel(folder, gpt2Small.config)
    // Any tokenizer with no more tokens than the model has will do.
    await copyFile(join(modelDir, 'tokenizer.json'), join(folder, 'tokenizer.json'))
    const added = outcome(await attune(['models', 'add', folder])) as { model: { id: string } }
    await rm(folder, { recursive: true })
    const texts = ['datasets', 'import', 'sample:spam-assassin', '--task', 'text-generation', '--name', 'Texts']
    const imported = outcome(await attune(texts)) as { dataset: { id: string } }
    return { model: added.model.id, dataset: imported.dataset.id }
  }
  let gpt2: Promise<Subject> | null = null
  return {
    mails,
    modelDir,
    datasetDir: join(dir, 'datasets', dataset.id),
    labels: dataset.labels.map(({ label }) => label),
    async train(settings, threads, warmUp, subject = mails) {
      const file = await configFile(settings, subject)
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
    async preflight(settings, threads, subject = mails) {
      const file = await configFile(settings, subject)
      const lines = await attune(['preflight', file], { ATTUNE_THREADS: String(threads) })
      return (outcome(lines) as { preflight: Preflight }).preflight
    },
    gpt2: () => {
      gpt2 ??= makeGpt2()
      return gpt2
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
    if (rowsPerSecond === undefined) return []
    // What is not told in tokens counts as one each.
    const tokensPerSecond = values['perf/tokens_per_second'] ?? rowsPerSecond
    const ms = (batchSize / rowsPerSecond) * 1000
    return [{ atMs, ms, tokens: Math.round((tokensPerSecond * ms) / 1000) }]
  })
}
