import type { RunConfig } from '../contract/settings.ts'
import { type Examples, lengthOrder } from '../data/batches.ts'
import type { Precision, Program, Session, SessionSpec } from '../engine/engine.ts'
import { paramsOf } from '../nn/params.ts'
import { featureTaskNamed } from '../tasks/registry.ts'
import type { BatchLayout, Features, FeatureTask, PreparedData, Task } from '../tasks/task.ts'
import type { LoadedModel } from './load-model.ts'
import { type ProgramConfig, type ProgramLengths, sessionSpec } from './programs.ts'
import { checkAnyStop } from './stop.ts'
import type { Surroundings } from './surroundings.ts'
import type { Trainable } from './trainable.ts'

/**
 * Method "head" leaves the model below the head as it is and computes it without dropout: what the head reads of a row
 * never changes. So each row goes through the model once, and from then on the head alone is computed.
 */
export interface FeaturePlan {
  readonly task: FeatureTask
  /** Numbers a sequence. */
  readonly width: number
}

/** Both sides' features are kept in memory; more than this is not. */
const mostBytes = 512 * 2 ** 20

export const featureProgram = (side: keyof ProgramLengths, length: number) => `features/${side}/${length}`

/**
 * How a run of so many sequences, both sides together, trains on features; null when it does not: another method, too
 * many sequences, or fewer steps than an epoch has.
 * A function of what a resumed run has in common with the one before.
 */
export function planFeatures(
  { architecture, config, task, lacking }: LoadedModel,
  { method }: Pick<RunConfig, 'method'>,
  sequences: number,
  { totalSteps, stepsPerEpoch }: { totalSteps: number; stepsPerEpoch: number },
): FeaturePlan | null {
  const features = featureTaskNamed(task.name)
  const width = architecture.describe(config).hiddenSize
  const bytes = 4 * width * sequences
  if (method !== 'head' || features === null || bytes > mostBytes || totalSteps < stepsPerEpoch) return null
  // What the head reads is trained too then.
  if (lacking.length > 0) return null
  return { task: features, width }
}

/** The session of a run on features: its programs, and those that compute features, of one padded length each. */
export function featureSessionSpec(
  model: LoadedModel,
  trainable: Trainable,
  config: ProgramConfig,
  lengths: ProgramLengths,
  precision: Precision,
  { task, width }: FeaturePlan,
): SessionSpec {
  const onFeatures = { ...model, task: task.over(width) }
  const spec = sessionSpec(onFeatures, trainable, config, { train: [0], evaluate: [0] }, precision)
  const programs = (side: keyof ProgramLengths, batchSize: number) =>
    lengths[side].map((length): [string, Program] => [
      featureProgram(side, length),
      {
        feeds: model.task.batchSpecs(batchSize, length, config, model),
        run: (feeds, variables) => ({ fetches: { features: task.features(model, paramsOf(variables), feeds) } }),
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
  readonly features: FeaturePlan | null
}

/**
 * The rows as they are, or with their features: these are computed here, in batches that depend on nothing but the rows
 * and their layout, so that a resumed run gets the same bits. Throws AttuneError `stopped`.
 */
export function materialOf(
  session: Session,
  { model, data, lengths, padId, features }: MaterialSource,
  config: RunConfig,
  { reporter, control }: Surroundings,
): Material {
  const layouts = {
    train: { buckets: lengths.train, batchSize: config.per_device_train_batch_size, padId },
    evaluate: { buckets: lengths.evaluate, batchSize: config.per_device_eval_batch_size, padId },
  }
  const { train, validation } = data
  if (features === null) return { task: model.task, train, validation, layouts }
  reporter.phase('features')
  const total = train.lengths.length + validation.lengths.length
  let done = 0
  const known = (encoded: Examples, side: keyof ProgramLengths): Examples & Features => ({
    ...encoded,
    features: featuresOf(
      session,
      model,
      encoded,
      { side, layout: layouts[side], width: features.width },
      config,
      (rows) => {
        checkAnyStop(control)
        done += rows
        reporter.progress(done, total)
      },
    ),
  })
  return {
    task: features.task.over(features.width),
    train: known(train, 'train'),
    validation: known(validation, 'evaluate'),
    layouts,
  }
}

/** [sequences, width], shortest sequences first. */
function featuresOf(
  session: Session,
  { task }: LoadedModel,
  encoded: Examples,
  { side, layout, width }: { side: keyof ProgramLengths; layout: BatchLayout; width: number },
  config: RunConfig,
  onBatch: (rows: number) => void,
): Float32Array {
  const features = new Float32Array(encoded.lengths.length * width)
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const { length, feeds } = task.batch(encoded, positions, layout, config, null)
    const output = session.run(featureProgram(side, length), feeds).features as Float32Array
    positions.forEach((position, i) => {
      features.set(output.subarray(i * width, (i + 1) * width), position * width)
    })
    onBatch(positions.length)
  }
  return features
}
