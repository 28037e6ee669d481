import * as tf from '@tensorflow/tfjs-core'
import type { Precision, Program, SessionSpec, TensorSpec } from '../engine/engine.ts'
import type { LanguageModelHead, ParameterSpec } from '../models/architecture.ts'
import { timesRows } from '../nn/linear.ts'
import { type Params, paramsOf } from '../nn/params.ts'
import type { Memory } from './memory.ts'

/** Reads prompts of up to so many tokens, begins the memory, and gives the logits behind the last token of each. */
export const prefillProgram = (length: number) => `prefill/${length}`
/** Reads one more token a row, with a memory that reaches so far back. */
export const decodeProgram = (reach: number) => `decode/${reach}`
/** Gives the memory its first values. */
export const resetProgram = 'reset'

export interface GeneratingModel {
  readonly head: LanguageModelHead<unknown>
  /** As the architecture parsed it. */
  readonly config: unknown
  readonly parameters: Readonly<Record<string, ParameterSpec>>
}

/** Everything that generation computes, as one session: weights and memory are its variables. */
export function generationSpec(
  model: GeneratingModel,
  memory: Memory,
  prefillLengths: readonly number[],
  precision: Precision,
): SessionSpec {
  const parameters = Object.entries(model.parameters).map(
    ([name, spec]) => [name, { shape: keptShape(spec), dtype: spec.dtype }] as const,
  )
  const reaches = Array.from({ length: memory.reaches }, (_, i) => i + 1)
  const matrices = parameters.flatMap(([name, { shape }]) => (shape.length === 2 ? [name] : []))
  return {
    variables: { ...Object.fromEntries(parameters), ...memory.variables },
    optimized: [],
    programs: Object.fromEntries([
      ...prefillLengths.map((length) => [prefillProgram(length), prefill(model, memory, length)] as const),
      ...reaches.map((reach) => [decodeProgram(reach), decode(model, memory, reach)] as const),
      [resetProgram, reset(memory)],
    ]),
    precision,
    // A step reads every weight once, so half the bytes are half the time; rounding them anew each time would double it.
    halved: precision === 'bf16' ? [...matrices, ...memory.inPlace] : [],
    steady: parameters.map(([name]) => name),
    inPlace: memory.inPlace,
  }
}

/** A weight [in, out] is kept as [out, in]: Params.inference. */
export function keptShape({ shape, matrix }: ParameterSpec): readonly number[] {
  return matrix === 'conv1d' ? shape.toReversed() : shape
}

const int32 = (...shape: number[]): TensorSpec => ({ shape, dtype: 'int32' })

/** input_ids [batch, length], padded behind the prompts, which have `lengths` [batch]. */
function prefill(model: GeneratingModel, memory: Memory, length: number): Program {
  const { batch } = memory
  return {
    feeds: { input_ids: int32(batch, length), lengths: int32(batch) },
    run(feeds, variables) {
      const params = paramsOf(variables, { inference: true })
      const lengths = feeds.lengths as tf.Tensor
      const { hidden, updates } = memory.begin(params, variables, { inputIds: feeds.input_ids as tf.Tensor, lengths })
      const before = tf.tensor1d(Int32Array.from({ length: batch }, (_, row) => row * length - 1))
      const last = tf.gather(hidden, tf.add(lengths, before) as tf.Tensor1D)
      return { fetches: { logits: logitsOf(model, params, last) }, updates }
    },
  }
}

/** input_ids [batch], and what the memory is fed. */
function decode(model: GeneratingModel, memory: Memory, reach: number): Program {
  const { batch } = memory
  return {
    feeds: { input_ids: int32(batch), ...memory.feeds },
    run(feeds, variables) {
      const params = paramsOf(variables, { inference: true })
      const inputIds = tf.reshape(feeds.input_ids as tf.Tensor, [batch, 1])
      const { hidden, updates } = memory.goOn(params, variables, inputIds, feeds, reach)
      return { fetches: { logits: logitsOf(model, params, hidden) }, updates }
    },
  }
}

/** hidden [batch, width] → [batch, vocabulary] */
function logitsOf({ head, config }: GeneratingModel, params: Params, hidden: tf.Tensor): tf.Tensor {
  return timesRows(hidden, head.matrix(config, params))
}

/** What is masked must still be numbers. */
function reset({ variables }: Memory): Program {
  return {
    feeds: {},
    run: () => ({
      fetches: { done: tf.scalar(1) },
      updates: Object.entries(variables).map(([name, { shape }]) => ({
        kind: 'assign' as const,
        name,
        value: tf.zeros([...shape]),
      })),
    }),
  }
}
