import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type RunConfigInput, runConfigSchema } from '../../../core/contract/settings.ts'
import { type SourceRow, writeRowStore } from '../../../core/data/row-store.ts'
import type { Control } from '../../../core/train/stop.ts'
import { train } from '../../../core/train/train.ts'
import type { PredictSpec, RunEvent, TrainSpec } from '../../../core/worker/protocol.ts'
import { goldenDir } from '../../golden/reference.ts'

/** Ten lines that can be learnt: five that want something, five that do not. */
export const corpus = [
  { text: 'win a free prize now', label: 'spam' },
  { text: 'click to win money', label: 'spam' },
  { text: 'free money click now', label: 'spam' },
  { text: 'you win the free prize', label: 'spam' },
  { text: 'a free prize for you click', label: 'spam' },
  { text: 'the meeting is in the list', label: 'ham' },
  { text: 'a patch for the kernel', label: 'ham' },
  { text: 'kernel list meeting and patch', label: 'ham' },
  { text: 'the patch is of the kernel', label: 'ham' },
  { text: 'meeting to patch the kernel', label: 'ham' },
]

export const tinyModel = join(goldenDir, 'tiny-bert')

/** A folder that is removed when the test ends. */
async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'attune-train-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** What a run on the ten lines needs, on disk; `settings` over quick ones. In a folder of the test's own, or `dir`. */
export async function tinySpec(settings: Partial<RunConfigInput> = {}, dir?: string): Promise<TrainSpec> {
  return writeSpec(dir ?? (await temporaryFolder()), settings)
}

async function writeSpec(dir: string, settings: Partial<RunConfigInput>): Promise<TrainSpec> {
  await cp(tinyModel, join(dir, 'model'), { recursive: true })
  const rows = async function* () {
    for (const [i, row] of corpus.entries()) yield { line: i + 2, ...row }
  }
  await writeRowStore(join(dir, 'dataset'), rows())
  const config = runConfigSchema.parse({
    model: 'tiny',
    dataset: 'ten lines',
    max_length: 32,
    learning_rate: 3e-3,
    num_train_epochs: 10,
    per_device_train_batch_size: 4,
    per_device_eval_batch_size: 4,
    dropout: 0,
    precision: 'fp32',
    ...settings,
  })
  return {
    kind: 'train',
    run: 'r1',
    config,
    modelDir: join(dir, 'model'),
    datasetDir: join(dir, 'dataset'),
    labels: ['ham', 'spam'],
    runDir: join(dir, 'run'),
    threads: 2,
  }
}

/** A run of any model and rows, in a folder of its own; `settings` stand in place of those of a short run. */
export async function specOf(
  model: string,
  rows: Iterable<SourceRow>,
  settings: Partial<RunConfigInput>,
): Promise<TrainSpec> {
  const dir = await temporaryFolder()
  const at = (name: string) => join(dir, name)
  await cp(model, at('model'), { recursive: true })
  await writeRowStore(
    at('dataset'),
    (async function* () {
      yield* rows
    })(),
  )
  const config = runConfigSchema.parse({
    model: 'tiny',
    dataset: 'rows',
    num_train_epochs: 4,
    per_device_train_batch_size: 2,
    per_device_eval_batch_size: 2,
    precision: 'fp32',
    ...settings,
  })
  const run = { kind: 'train' as const, run: 'r1', config, modelDir: at('model'), datasetDir: at('dataset') }
  return { ...run, labels: [], runDir: at('run'), threads: 2 }
}

/** What a prediction with a checkpoint of a run is asked, but for the inputs. */
export function askedOf(
  { modelDir, datasetDir, labels, config, threads }: TrainSpec,
  checkpointDir: string,
): Omit<PredictSpec, 'texts'> {
  return { kind: 'predict', checkpointDir, modelDir, datasetDir, labels, config, threads }
}

/** A finished call of train(): its events, and what it threw. */
export interface Trained {
  readonly events: readonly RunEvent[]
  readonly thrown: unknown
}

/** Trains; `stop` sees the events so far each time the run asks whether to go on. */
export async function trainTiny(
  spec: TrainSpec,
  stop: (events: readonly RunEvent[]) => ReturnType<Control['stop']> = () => 0,
): Promise<Trained> {
  const events: RunEvent[] = []
  try {
    await train(spec, (event) => events.push(event), { stop: () => stop(events) })
    return { events, thrown: null }
  } catch (thrown) {
    return { events, thrown }
  }
}

type Kind = RunEvent['kind']
export type EventOf<K extends Kind> = Extract<RunEvent, { kind: K }>

export function ofKind<K extends Kind>(events: readonly RunEvent[], kind: K): EventOf<K>[] {
  return events.filter((event): event is EventOf<K> => event.kind === kind)
}

/** One series as steps and values. */
export function seriesOf(events: readonly RunEvent[], name: string): { step: number; value: number }[] {
  return ofKind(events, 'metrics').flatMap(({ step, values }) => {
    const value = values[name]
    return value === undefined ? [] : [{ step, value }]
  })
}
