import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bytes } from '../../core/cli/format.ts'
import { table } from '../../core/cli/table.ts'
import type { Dataset, Model } from '../../core/contract/domain.ts'
import { blueprints, type Sizes } from '../../core/contract/presets.ts'
import type { RunConfigInput } from '../../core/contract/settings.ts'
import { environmentNamed } from '../../core/environments/registry.ts'
import { openWorkbench } from '../demo/workbench.ts'

/**
 * `npm run test:presets [-- ARCHITECTURE …]`: of each architecture the preset of 100 million parameters is made, takes
 * some steps on its sample data and is saved; beside it what was foreseen, and what is foreseen of the largest batch that there
 * is. Each in a process of its own, so that the peaks are its own. Exit code 1 when one fails.
 */

const world = environmentNamed('grid-world')
if (!world) throw new Error('There is no grid world.')

interface Case {
  readonly sample: string
  readonly fields?: Sizes
  readonly settings: Partial<RunConfigInput>
}

const mails: Case = { sample: 'spam-assassin', settings: { max_length: 128 } }
const texts: Case = { ...mails, settings: { ...mails.settings, task: 'text-generation' } }
const words: Case = { sample: 'pronunciations', settings: { max_length: 64 } }
const cases: Readonly<Record<string, Case>> = {
  bert: mails,
  gpt2: texts,
  llama: texts,
  qwen3: texts,
  marian: words,
  t5: words,
  vit: { sample: 'clothes', settings: {} },
  whisper: { sample: 'dialled-numbers', settings: { max_length: 32 } },
  lstm: mails,
  gru: mails,
  decision_transformer: {
    sample: 'grid-world',
    fields: { state_dim: world.stateSize, act_dim: world.actions.count, max_ep_len: world.mostSteps },
    settings: { context_length: 20 },
  },
  palm_e: { sample: 'table-scenes', settings: { max_length: 32 } },
}

const common: Partial<RunConfigInput> = {
  max_steps: 8,
  per_device_train_batch_size: 4,
  per_device_eval_batch_size: 4,
  max_eval_samples: 8,
  generation_max_samples: 2,
  save_total_limit: 1,
}

const largestBatch = 1024

interface Outcome {
  readonly architecture: string
  readonly parameters: number
  readonly foreseen: { readonly verdict: string; readonly peakBytes: number; readonly stepMs: number }
  readonly seen: { readonly peakBytes: number; readonly stepMs: number; readonly loss: number }
  /** Of the largest batch. */
  readonly largest: string
}

async function outcomeOf(architecture: string): Promise<Outcome> {
  const { sample, fields, settings } = cases[architecture] as Case
  const home = await mkdtemp(join(tmpdir(), 'attune-presets-'))
  process.env.ATTUNE_HOME = home
  const bench = await openWorkbench(home)
  try {
    const { dataset } = await bench.call('datasets.import', { source: { kind: 'sample', name: sample } })
    const model = await made(architecture, dataset, fields)
    const config = { model: model.id, dataset: dataset.id, ...common, ...settings }
    const { preflight } = await bench.call('runs.preflight', { config, measure: false })
    const large = { ...config, per_device_train_batch_size: largestBatch }
    const { preflight: beyond } = await bench.call('runs.preflight', { config: large, measure: false })
    const { plan, timings, metrics } = await bench.train(config)
    const loss = metrics['train/loss']?.last.value ?? Number.NaN
    if (!plan || !timings || !Number.isFinite(loss)) throw new Error(`The run of ${architecture} recorded no loss.`)
    return {
      architecture,
      parameters: plan.parameters,
      foreseen: { verdict: preflight.verdict, peakBytes: preflight.memory.peakBytes, stepMs: preflight.time.stepMs },
      seen: { peakBytes: timings.peakMemoryBytes, stepMs: timings.medianStepMs, loss },
      largest: beyond.sentence,
    }
  } finally {
    await bench.close()
    await rm(home, { recursive: true, force: true })
  }

  async function made(of: string, dataset: Dataset, sizes: Sizes = {}): Promise<Model> {
    const reads = blueprints[of]?.frame !== null
    const { model } = await bench.call('models.create', {
      architecture: of,
      size: 'base',
      fields: { ...sizes },
      ...(reads && { tokenizer: { from: 'dataset', dataset: dataset.id, kind: 'bpe', vocabSize: 16_000 } as const }),
    })
    return model
  }
}

/** The outcome of another process that runs this file. */
function inProcess(architecture: string): Promise<Outcome> {
  const child = spawn(process.execPath, [import.meta.filename, '--one', architecture], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(told.trim().split('\n').at(-1) as string) as Outcome)
      else reject(new Error(`${architecture}: its process ended with ${code}.`))
    })
  })
}

const { values, positionals } = parseArgs({ options: { one: { type: 'string' } }, allowPositionals: true })
if (values.one !== undefined) {
  try {
    process.stdout.write(`${JSON.stringify(await outcomeOf(values.one))}\n`)
  } catch (error) {
    process.stderr.write(`${values.one}: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
} else {
  const wanted = positionals.length > 0 ? positionals : Object.keys(blueprints)
  const unknown = wanted.find((name) => !Object.hasOwn(cases, name))
  if (unknown !== undefined) {
    process.stderr.write(`There is no case for "${unknown}"; there is one for ${Object.keys(cases).join(', ')}.\n`)
    process.exit(2)
  }
  const outcomes: Outcome[] = []
  for (const architecture of wanted) {
    try {
      const outcome = await inProcess(architecture)
      outcomes.push(outcome)
      process.stdout.write(`${architecture}, ${largestBatch} rows a batch: ${outcome.largest}\n`)
    } catch (error) {
      process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    }
  }
  process.stdout.write(
    `${table<Outcome>(
      [
        { title: 'ARCHITECTURE', value: ({ architecture }) => architecture },
        { title: 'PARAMETERS', value: ({ parameters }) => `${(parameters / 1e6).toFixed(1)} M`, right: true },
        { title: 'VERDICT', value: ({ foreseen }) => foreseen.verdict },
        { title: 'PEAK FORESEEN', value: ({ foreseen }) => bytes(foreseen.peakBytes), right: true },
        { title: 'SEEN', value: ({ seen }) => bytes(seen.peakBytes), right: true },
        { title: 'STEP FORESEEN, MS', value: ({ foreseen }) => foreseen.stepMs.toFixed(0), right: true },
        { title: 'SEEN, MS', value: ({ seen }) => seen.stepMs.toFixed(0), right: true },
        { title: 'LOSS', value: ({ seen }) => seen.loss.toFixed(3), right: true },
      ],
      outcomes,
    )}\n`,
  )
}
