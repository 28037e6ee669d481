import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readTrainingState } from '../../core/checkpoint/training-state.ts'
import type { RunConfigInput } from '../../core/contract/settings.ts'
import type { RunEvent, TrainSpec } from '../../core/worker/protocol.ts'
import { ofKind, seriesOf, tinySpec, trainTiny } from '../unit/train/fixture.ts'

/** Runs that are broken off and gone on with, and what must not depend on it. For the quick tests and the long ones. */

/** After `step` whole steps, and `microStep` batches of the next one. */
export interface StopPoint {
  readonly step: number
  readonly microStep: number
}

/** Two rows a step, four steps an epoch: shuffled, with dropout, warm-up and a falling rate. */
export const resumeSettings: Partial<RunConfigInput> = {
  num_train_epochs: 3,
  per_device_train_batch_size: 2,
  dropout: 0.1,
  warmup_ratio: 0.4,
  lr_scheduler_type: 'cosine',
}

/** What is trained and how, by name. An accumulated step here has three batches, the last of an epoch two. */
export const resumeCases: Readonly<Record<string, Partial<RunConfigInput>>> = {
  full: {},
  LoRA: { method: 'lora', lora_dropout: 0.1, learning_rate: 0.01 },
  accumulation: { per_device_train_batch_size: 1, gradient_accumulation_steps: 3 },
  bf16: { precision: 'bf16', method: 'lora', learning_rate: 0.01 },
  head: { method: 'head', learning_rate: 0.05 },
  recomputed: { gradient_checkpointing: true },
  Adafactor: { optim: 'adafactor', learning_rate: 0.01 },
  SGD: { optim: 'sgd', learning_rate: 0.02, per_device_train_batch_size: 1, gradient_accumulation_steps: 3 },
}

/** A run of one layer, which is enough for everything that is saved, and half the time to compile. */
export async function resumeSpec(change: Partial<RunConfigInput>, dir?: string): Promise<TrainSpec> {
  const spec = await tinySpec({ ...resumeSettings, ...change }, dir)
  const file = join(spec.modelDir, 'config.json')
  await writeFile(file, (await readFile(file, 'utf8')).replace('"num_hidden_layers": 2', '"num_hidden_layers": 1'))
  return spec
}

/**
 * Asks for a pause as soon as a run that goes on from `from` is there. A step begins with two questions, and each of its
 * batches with two.
 */
export function pauseAt(
  { step, microStep }: StopPoint,
  from: StopPoint = beginning,
): (events: readonly RunEvent[]) => 0 | 3 {
  const batches = microStep - (step === from.step ? from.microStep : 0)
  let asked = 0
  return (events) => {
    const done = ofKind(events, 'metrics').findLast(({ values }) => 'train/loss' in values)?.step ?? from.step
    const training = ofKind(events, 'phase').at(-1)?.phase === 'training'
    asked = training && done === step ? asked + 1 : 0
    return done > step || (asked > 0 && (batches === 0 || asked > 3 + 2 * batches)) ? 3 : 0
  }
}

const beginning: StopPoint = { step: 0, microStep: 0 }

export function lastCheckpoint(events: readonly RunEvent[]): string {
  const path = ofKind(events, 'checkpoint').at(-1)?.path
  if (path === undefined) throw new Error('no checkpoint was written')
  return path
}

/** Trains in one sitting more than there are points: paused at each, and gone on with. Throws when it stopped elsewhere. */
export async function trainBroken(spec: TrainSpec, points: readonly StopPoint[]): Promise<RunEvent[]> {
  const events: RunEvent[] = []
  let from: Partial<TrainSpec> = {}
  for (const [i, point] of points.entries()) {
    const sitting = await trainTiny({ ...spec, ...from }, pauseAt(point, points[i - 1]))
    if (sitting.thrown !== null) throw sitting.thrown
    events.push(...sitting.events)
    const resumeFrom = lastCheckpoint(events)
    const { position } = await readTrainingState(resumeFrom)
    if (position.step !== point.step || position.microStep !== point.microStep) {
      throw new Error(`it was to pause at ${nameOf(point)}, and did at ${nameOf(position)}`)
    }
    from = { resumeFrom }
  }
  const last = await trainTiny({ ...spec, ...from })
  if (last.thrown !== null) throw last.thrown
  return [...events, ...last.events]
}

export const nameOf = ({ step, microStep }: StopPoint) => (microStep === 0 ? `${step}` : `${step}+${microStep}`)

/** Every tensor file of the last checkpoint, byte for byte. */
export async function finalTensors(events: readonly RunEvent[]): Promise<Record<string, string>> {
  const dir = lastCheckpoint(events)
  const names = (await readdir(dir)).filter((name) => name.endsWith('.safetensors')).sort()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await readFile(join(dir, name))).toString('base64')] as const)),
  )
}

/** What must not depend on an interruption: exact values, told apart to the bit. */
export function numbersOf(events: readonly RunEvent[]): string[] {
  return ofKind(events, 'metrics').flatMap(({ step, examples, tokens, values }) =>
    Object.entries(values)
      .filter(([name]) => !name.startsWith('perf/'))
      .map(([name, value]) => `${step} ${examples} ${tokens} ${name} ${Object.is(value, -0) ? '-0' : value}`),
  )
}

/** The steps that the training loss was told of. */
export const stepsOf = (events: readonly RunEvent[]) => seriesOf(events, 'train/loss').map(({ step }) => step)
