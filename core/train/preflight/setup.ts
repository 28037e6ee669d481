import type { Examples } from '../../data/batches.ts'
import type { Precision, SessionSpec } from '../../engine/engine.ts'
import { type ExpectedEngine, expectedEngine } from '../../engine/expected.ts'
import type { PreflightSpec } from '../../worker/protocol.ts'
import { type BeforehandPlan, planBeforehand, sessionWith } from '../beforehand.ts'
import { type LoadedModel, loadModel } from '../load-model.ts'
import { lengthsOf } from '../plan.ts'
import type { ProgramLengths } from '../programs.ts'
import { totalSteps } from '../schedule.ts'
import { type Trainable, trainableOf } from '../trainable.ts'
import { type DataSample, sampleData } from './sample.ts'

/** A run as far as it can be worked out without an engine. */
export interface Setup {
  readonly spec: PreflightSpec
  readonly engine: ExpectedEngine
  readonly model: LoadedModel
  readonly trainable: Trainable
  readonly sample: DataSample
  readonly lengths: ProgramLengths
  readonly steps: { readonly perEpoch: number; readonly total: number }
  readonly beforehand: BeforehandPlan | null
}

/** Reads config.json, the tokenizer and the rows. Throws what a run with these settings would. */
export async function setUp(
  spec: PreflightSpec,
  whole: boolean,
  onRow: (done: number, total: number) => void,
): Promise<Setup> {
  const { config, labels, modelDir, threads } = spec
  const model = await loadModel(modelDir, config.task, labels.length, {
    maxLength: config.max_length,
    dropout: config.dropout,
    asked: config,
  })
  const trainable = trainableOf(model, config)
  const sample = await sampleData(spec, whole, onRow)
  const engine = expectedEngine(config, threads)
  const [train, validation] = [sequencesOf(sample, 'train'), sequencesOf(sample, 'validation')]
  const batches = Math.ceil(train / config.per_device_train_batch_size)
  const perEpoch = Math.max(1, Math.ceil(batches / config.gradient_accumulation_steps))
  const steps = { perEpoch, total: totalSteps(config, perEpoch) }
  const beforehand = planBeforehand(model, config, train + validation, {
    totalSteps: steps.total,
    stepsPerEpoch: steps.perEpoch,
  })
  const lengths = lengthsOf(withLongest(sample), config)
  return { spec, engine, model, trainable, sample, lengths, steps, beforehand }
}

/** The same run in a precision that an engine has decided on. */
export function inPrecision(setup: Setup, precision: Precision): Setup {
  return { ...setup, engine: { ...setup.engine, precision } }
}

/** Its session with programs of these lengths. */
export function sessionOf(
  { model, trainable, spec: { config }, engine: { precision }, beforehand }: Setup,
  lengths: ProgramLengths,
): SessionSpec {
  return sessionWith(beforehand, model, trainable, config, lengths, precision)
}

/** Token sequences of a side, all its rows together. */
export function sequencesOf({ data, scale }: DataSample, side: 'train' | 'validation'): number {
  return Math.round(data[side].lengths.length * scale[side])
}

function withLongest({ data, longest }: DataSample): Record<'train' | 'validation', Pick<Examples, 'lengths'>> {
  const side = ({ lengths }: Examples) => ({ lengths: longest === 0 ? lengths : Int32Array.of(...lengths, longest) })
  return { train: side(data.train), validation: side(data.validation) }
}
