import * as tf from '@tensorflow/tfjs-core'
import type { Precision, Program, SessionSpec, TensorSpec } from '../engine/engine.ts'
import type { LanguageModelHead, ParameterSpec } from '../models/architecture.ts'
import { type CachedAttention, type CacheLayout, cacheVariables, extendCache, fillCache } from '../nn/kv-cache.ts'
import { timesRows } from '../nn/linear.ts'
import { paramsOf } from '../nn/params.ts'

/** Reads prompts of up to so many tokens, fills the cache, and gives the logits behind the last token of each. */
export const prefillProgram = (length: number) => `prefill/${length}`
/** Reads one more token a row, with so many blocks of the cache in use. */
export const decodeProgram = (used: number) => `decode/${used}`
/** Gives the cache its first values. */
export const resetProgram = 'reset'

export interface GeneratingModel {
  readonly head: LanguageModelHead<unknown>
  /** As the architecture parsed it. */
  readonly config: unknown
  readonly parameters: Readonly<Record<string, ParameterSpec>>
}

/** Everything that generation computes, as one session: weights and cache are its variables. */
export function generationSpec(
  model: GeneratingModel,
  layout: CacheLayout,
  prefillLengths: readonly number[],
  precision: Precision,
): SessionSpec {
  const parameters = Object.entries(model.parameters).map(
    ([name, spec]) => [name, { shape: keptShape(spec), dtype: spec.dtype }] as const,
  )
  const cache = cacheVariables(layout)
  const used = Array.from({ length: layout.blocks }, (_, block) => block + 1)
  const matrices = parameters.flatMap(([name, { shape }]) => (shape.length === 2 ? [name] : []))
  return {
    variables: { ...Object.fromEntries(parameters), ...cache },
    optimized: [],
    programs: Object.fromEntries([
      ...prefillLengths.map((length) => [prefillProgram(length), prefill(model, layout, length)] as const),
      ...used.map((count) => [decodeProgram(count), decode(model, layout, count)] as const),
      [resetProgram, reset(cache)],
    ]),
    precision,
    // A step reads every weight once, so half the bytes are half the time; rounding them anew each time would double it.
    halved: precision === 'bf16' ? [...matrices, ...Object.keys(cache)] : [],
    steady: parameters.map(([name]) => name),
    inPlace: Object.keys(cache),
  }
}

/** A weight [in, out] is kept as [out, in]: Params.inference. */
export function keptShape({ shape, matrix }: ParameterSpec): readonly number[] {
  return matrix === 'conv1d' ? shape.toReversed() : shape
}

const int32 = (...shape: number[]): TensorSpec => ({ shape, dtype: 'int32' })

/** input_ids [batch, length], padded behind the prompts; last [batch]: index of each prompt's last token among them all. */
function prefill(model: GeneratingModel, layout: CacheLayout, length: number): Program {
  const { batch } = layout
  return {
    feeds: { input_ids: int32(batch, length), last: int32(batch) },
    run(feeds, variables) {
      const attention = fillCache(layout, variables, length)
      const positionIds = tf.tile(
        tf.tensor2d(
          Int32Array.from({ length }, (_, i) => i),
          [1, length],
        ),
        [batch, 1],
      )
      const tokens = { inputIds: feeds.input_ids as tf.Tensor, positionIds }
      return logitsOf(model, variables, tokens, attention, (hidden) => tf.gather(hidden, feeds.last as tf.Tensor1D))
    },
  }
}

/** input_ids and positions [batch]; rows [batch·heads] as cacheRows gives them. */
function decode(model: GeneratingModel, layout: CacheLayout, used: number): Program {
  const { batch, heads } = layout
  return {
    feeds: { input_ids: int32(batch), positions: int32(batch), rows: int32(batch * heads) },
    run(feeds, variables) {
      const positions = feeds.positions as tf.Tensor
      const attention = extendCache(layout, variables, { positions, rows: feeds.rows as tf.Tensor, used })
      const column = (x: tf.Tensor | undefined) => tf.reshape(x as tf.Tensor, [batch, 1])
      const tokens = { inputIds: column(feeds.input_ids), positionIds: column(positions) }
      return logitsOf(model, variables, tokens, attention, (hidden) => hidden)
    },
  }
}

/** logits [batch, vocabulary] of the hidden states that `choose` takes out of all. */
function logitsOf(
  { head, config }: GeneratingModel,
  variables: Readonly<Record<string, tf.Tensor>>,
  tokens: { inputIds: tf.Tensor; positionIds: tf.Tensor },
  { mix, updates }: CachedAttention,
  choose: (hidden: tf.Tensor) => tf.Tensor,
) {
  const params = paramsOf(variables, { inference: true })
  const hidden = choose(head.transform(config, params, tokens, mix))
  const logits = timesRows(hidden, head.matrix(config, params))
  return { fetches: { logits }, updates: updates() }
}

/** What is masked must still be numbers. */
function reset(cache: Readonly<Record<string, TensorSpec>>): Program {
  return {
    feeds: {},
    run: () => ({
      fetches: { done: tf.scalar(1) },
      updates: Object.entries(cache).map(([name, { shape }]) => ({
        kind: 'assign' as const,
        name,
        value: tf.zeros([...shape]),
      })),
    }),
  }
}
