import type { Tensor } from '@tensorflow/tfjs-core'
import type { RunConfig } from '../contract/settings.ts'
import { type Examples, lengthOrder } from '../data/batches.ts'
import type { Precision, Program, Session, SessionSpec } from '../engine/engine.ts'
import { featureTaskNamed } from '../tasks/registry.ts'
import type { BatchLayout, Beforehand, Known, PreparedData, Task } from '../tasks/task.ts'
import type { LoadedModel } from './load-model.ts'
import { type ProgramConfig, type ProgramLengths, paramsWith, sessionSpec } from './programs.ts'
import { checkAnyStop } from './stop.ts'
import type { Surroundings } from './surroundings.ts'
import type { Trainable } from './trainable.ts'

/**
 * What each row goes through the model for once, before the first step, with the weights that the run begins with. Method
 * "head" leaves the model below the head as it is and computes it without dropout: what the head reads of a row never
 * changes, and from then on the head alone is computed. Other tasks compare what is learnt with how it began.
 */
export interface BeforehandPlan extends Beforehand {
  /** What is trained with it. */
  readonly task: Task
  /** Whether it stands for the tokens: there is one program then, of length 0. */
  readonly replacesTokens: boolean
}

/** Both sides' numbers are kept in memory; more than this is not. */
const mostBytes = 512 * 2 ** 20

export const beforehandProgram = (side: keyof ProgramLengths, length: number) => `beforehand/${side}/${length}`

/**
 * What a run of so many sequences, both sides together, computes before it begins; null for nothing. Features are not
 * worth it where there are too many sequences, or fewer steps than an epoch has.
 * A function of what a resumed run has in common with the one before.
 */
export function planBeforehand(
  { architecture, config, task, lacking }: LoadedModel,
  { method }: Pick<RunConfig, 'method'>,
  sequences: number,
  { totalSteps, stepsPerEpoch }: { totalSteps: number; stepsPerEpoch: number },
): BeforehandPlan | null {
  if (task.beforehand) return { ...task.beforehand, task, replacesTokens: false }
  const features = featureTaskNamed(task.name)
  const { hiddenSize, pooledWidth: width = hiddenSize } = architecture.describe(config)
  const bytes = 4 * width * sequences
  if (method !== 'head' || features === null || bytes > mostBytes || totalSteps < stepsPerEpoch) return null
  // What the head reads is trained too then.
  if (lacking.length > 0) return null
  return {
    task: features.over(width),
    widths: { features: width },
    compute: (model, params, feeds) => ({ features: features.features(model, params, feeds) }),
    replacesTokens: true,
  }
}

/** A run's session, with the programs that compute what comes before the first step, of one padded length each. */
export function sessionWith(
  plan: BeforehandPlan | null,
  model: LoadedModel,
  trainable: Trainable,
  config: ProgramConfig,
  lengths: ProgramLengths,
  precision: Precision,
): SessionSpec {
  if (plan === null) return sessionSpec(model, trainable, config, lengths, precision)
  const trained = plan.replacesTokens ? { train: [0], evaluate: [0] } : lengths
  const spec = sessionSpec({ ...model, task: plan.task }, trainable, config, trained, precision)
  const programs = (side: keyof ProgramLengths, batchSize: number) =>
    lengths[side].map((length): [string, Program] => [
      beforehandProgram(side, length),
      {
        feeds: model.task.batchSpecs(batchSize, length, config, model),
        run: (feeds, variables) => ({
          fetches: plan.compute(model, paramsWith(trainable, config, variables), feeds) as Record<string, Tensor>,
        }),
      },
    ])
  return {
    ...spec,
    programs: {
      ...spec.programs,
      ...Object.fromEntries([
        ...programs('train', config.per_device_train_batch_size),
        ...programs('evaluate', config.per_device_eval_batch_size),
      ]),
    },
  }
}

/** What the steps of a run are made of. */
export interface Material {
  readonly task: Task
  readonly train: Examples
  readonly validation: Examples
  readonly layouts: Readonly<Record<keyof ProgramLengths, BatchLayout>>
}

export interface MaterialSource {
  readonly model: LoadedModel
  readonly data: PreparedData
  readonly lengths: ProgramLengths
  readonly padId: number
  readonly beforehand: BeforehandPlan | null
}

/**
 * The rows as they are, or with what the weights now in the session say of them: computed here, in batches that depend on
 * nothing but the rows and their layout, so that a resumed run gets the same bits. Throws AttuneError `stopped`.
 */
export function materialOf(
  session: Session,
  { model, data, lengths, padId, beforehand }: MaterialSource,
  config: RunConfig,
  { reporter, control }: Surroundings,
): Material {
  const layouts = {
    train: { buckets: lengths.train, batchSize: config.per_device_train_batch_size, padId },
    evaluate: { buckets: lengths.evaluate, batchSize: config.per_device_eval_batch_size, padId },
  }
  const { train, validation } = data
  if (beforehand === null) return { task: model.task, train, validation, layouts }
  reporter.phase('features')
  const total = train.lengths.length + validation.lengths.length
  let done = 0
  const withKnown = (encoded: Examples, side: keyof ProgramLengths): Examples & Known => ({
    ...encoded,
    known: computed(session, model, beforehand, encoded, { side, layout: layouts[side] }, config, (rows) => {
      checkAnyStop(control)
      done += rows
      reporter.progress(done, total)
    }),
  })
  return {
    task: beforehand.task,
    train: withKnown(train, 'train'),
    validation: withKnown(validation, 'evaluate'),
    layouts,
  }
}

/** By name, [sequences, width], shortest sequences first. */
function computed(
  session: Session,
  { task }: LoadedModel,
  { widths }: Beforehand,
  encoded: Examples,
  { side, layout }: { side: keyof ProgramLengths; layout: BatchLayout },
  config: RunConfig,
  onBatch: (rows: number) => void,
): Record<string, Float32Array> {
  const known = blank(widths, encoded)
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const { length, feeds } = task.batch(encoded, positions, layout, config, null)
    const output = session.run(beforehandProgram(side, length), feeds)
    for (const [name, width] of Object.entries(widths)) {
      positions.forEach((position, i) => {
        const numbers = (output[name] as Float32Array).subarray(i * width, (i + 1) * width)
        known[name]?.set(numbers, position * width)
      })
    }
    onBatch(positions.length)
  }
  return known
}

/** Zeros in the place of what is to be computed. */
export function blank(widths: Beforehand['widths'], { lengths }: Examples): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(widths).map(([name, width]) => [name, new Float32Array(lengths.length * width)]),
  )
}
