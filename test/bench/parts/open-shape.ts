import { usualTargets } from '../../../core/contract/architectures.ts'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import type { Precision, Session, Values } from '../../../core/engine/engine.ts'
import { openEngine } from '../../../core/engine/open.ts'
import { writeVariables } from '../../../core/engine/variables.ts'
import { describeModel } from '../../../core/train/load-model.ts'
import { stepFeeds } from '../../../core/train/optimizer.ts'
import { sessionSpec, trainProgram } from '../../../core/train/programs.ts'
import { trainableOf } from '../../../core/train/trainable.ts'
import type { Shape } from '../shapes.ts'
import { someWeights } from './random-values.ts'
import type { Step } from './timed-steps.ts'

export interface ShapeSpec {
  readonly shape: Shape
  readonly method: 'full' | 'lora'
  readonly precision: Precision
  readonly threads: number
}

/** A model that no file holds, ready to be trained: the run's own programs, fed the same batch over and over. */
export async function openShape({ shape, method, precision, threads }: ShapeSpec): Promise<{
  readonly session: Session
  /** Step number 1, 2, … */
  step(number: number): Step
}> {
  const { batch, length, config: json } = shape
  const task = json.model_type === 'bert' ? 'text-classification' : 'text-generation'
  const model = describeModel(json.model_type, json, task, json.model_type === 'bert' ? 2 : 0, { dir: '' })
  const config = runConfigSchema.parse({
    model: 'random',
    dataset: 'random',
    task,
    method,
    packing: false,
    learning_rate: 5e-5,
    max_length: length,
    per_device_train_batch_size: batch,
    precision,
    target_modules: [...usualTargets(json.model_type)],
  })
  const trainable = trainableOf(model, config)
  const engine = await openEngine('graph', threads)
  const session = await engine.open(sessionSpec(model, trainable, config, { train: [length], evaluate: [] }, precision))
  try {
    writeVariables(session, model.parameters, someWeights)
    writeVariables(session, trainable.adapters, someWeights)
  } catch (thrown) {
    session.close()
    throw thrown
  }
  const feeds = json.model_type === 'bert' ? classified(shape) : continued(shape)
  return {
    session,
    step: (number) => ({
      program: trainProgram(length),
      feeds: { ...feeds, ...stepFeeds(config, number, config.learning_rate) },
      tokens: batch * length,
    }),
  }
}

function someTokens({ batch, length, config }: Shape): Int32Array {
  return Int32Array.from({ length: batch * length }, (_, i) => (i * 7919) % config.vocab_size)
}

/** Full rows of two classes. */
function classified(shape: Shape): Record<string, Values> {
  const { batch, length } = shape
  return {
    input_ids: someTokens(shape),
    attention_mask: new Int32Array(batch * length).fill(1),
    token_type_ids: new Int32Array(batch * length),
    labels: Int32Array.from({ length: batch }, (_, i) => i % 2),
    weights: new Float32Array(batch).fill(1),
  }
}

/** Full rows, each token but the first to be predicted. */
function continued(shape: Shape): Record<string, Values> {
  const { batch, length } = shape
  const tokens = someTokens(shape)
  const size = batch * length
  return {
    input_ids: tokens,
    position_ids: Int32Array.from({ length: size }, (_, i) => i % length),
    labels: Int32Array.from({ length: size }, (_, i) => ((i + 1) % length === 0 ? 0 : (tokens[i + 1] as number))),
    weights: Float32Array.from({ length: size }, (_, i) => ((i + 1) % length === 0 ? 0 : 1)),
  }
}
