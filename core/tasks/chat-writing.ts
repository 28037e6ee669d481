import * as tf from '@tensorflow/tfjs-core'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { Attending, CausalHead } from '../models/architecture.ts'
import {
  type CachedAttention,
  type CacheLayout,
  cacheRows,
  cacheVariables,
  extendCache,
  fillCache,
} from '../nn/kv-cache.ts'
import { placesOf } from '../nn/last-tokens.ts'
import { timesRows } from '../nn/linear.ts'
import type { Params } from '../nn/params.ts'
import type { BatchConfig, OwnPrograms, RunOwn, TaskModel } from './task.ts'
import { winner } from './text-classification.ts'

/**
 * A language model's answers to prompts, greedily, as a task's own programs: `blank` empties the cache, whose masked
 * places must be numbers; `prompt` reads some prompts and keeps their keys and values, `answer` reads one token more of
 * each.
 */

/** Prompts at once. */
const mostAtOnce = 8

export function answersLayout(
  { config, architecture }: TaskModel,
  asked: Pick<BatchConfig, 'per_device_eval_batch_size' | 'max_length'>,
): CacheLayout {
  const { layers, heads, hiddenSize, headWidth } = architecture.describe(config)
  const batch = Math.min(mostAtOnce, asked.per_device_eval_batch_size)
  const all = heads ?? 1
  return { layers, batch, heads: all, size: headWidth ?? hiddenSize / all, blockLength: asked.max_length, blocks: 1 }
}

export function answerPrograms(model: TaskModel, layout: CacheLayout): OwnPrograms {
  const { batch, heads, blockLength: length } = layout
  const variables = cacheVariables(layout)
  const int32 = (...shape: number[]): TensorSpec => ({ shape, dtype: 'int32' })
  const said = (
    params: Params,
    tokens: { inputIds: tf.Tensor; positionIds: tf.Tensor },
    { mix, updates }: CachedAttention,
    choose: (hidden: tf.Tensor) => tf.Tensor,
  ) => {
    const head = model.head as CausalHead<unknown> & Attending<unknown>
    const hidden = choose(head.transform(model.config, params, tokens, mix))
    return { fetches: { logits: timesRows(hidden, head.matrix(model.config, params)) }, updates: updates() }
  }
  return {
    variables,
    inPlace: Object.keys(variables),
    programs: {
      blank: {
        feeds: {},
        run: () => ({
          fetches: { done: tf.scalar(1) },
          updates: Object.entries(variables).map(([name, { shape }]) => ({
            kind: 'assign' as const,
            name,
            value: tf.zeros([...shape]),
          })),
        }),
      },
      prompt: {
        feeds: { input_ids: int32(batch, length), last: int32(batch) },
        run(params: Params, feeds: Tensors, kept: Tensors) {
          const inputIds = feeds.input_ids as tf.Tensor
          const attention = fillCache(layout, kept, length)
          const tokens = { inputIds, positionIds: placesOf(inputIds) }
          return said(params, tokens, attention, (hidden) => tf.gather(hidden, feeds.last as tf.Tensor1D))
        },
      },
      answer: {
        feeds: { input_ids: int32(batch), positions: int32(batch), rows: int32(batch * heads) },
        run(params: Params, feeds: Tensors, kept: Tensors) {
          const positions = feeds.positions as tf.Tensor
          const attention = extendCache(layout, kept, { positions, rows: feeds.rows as tf.Tensor, used: 1 })
          const column = (x: tf.Tensor | undefined) => tf.reshape(x as tf.Tensor, [batch, 1])
          const tokens = { inputIds: column(feeds.input_ids), positionIds: column(positions) }
          return said(params, tokens, attention, (hidden) => hidden)
        },
      },
    },
  }
}

/** The likeliest tokens behind each prompt (all shorter than the cache), up to an end or the end of the cache. */
export function writeAnswers(
  own: RunOwn,
  layout: CacheLayout,
  prompts: readonly Int32Array[],
  endIds: ReadonlySet<number>,
): number[][] {
  const { batch, blockLength: length } = layout
  const inputIds = new Int32Array(batch * length)
  const last = new Int32Array(batch)
  const positions = new Int32Array(batch)
  for (let i = 0; i < batch; i++) {
    const prompt = prompts[i < prompts.length ? i : 0] as Int32Array
    inputIds.set(prompt, i * length)
    positions[i] = prompt.length
    last[i] = i * length + prompt.length - 1
  }
  const written = prompts.map((): number[] => [])
  const open = new Set(written.keys())
  let logits = own('prompt', { input_ids: inputIds, last }).logits as Float32Array
  const width = logits.length / batch
  for (;;) {
    const next = Int32Array.from({ length: batch }, (_, i) => winner(logits.subarray(i * width, (i + 1) * width)))
    for (const i of open) {
      const id = next[i] as number
      if (endIds.has(id)) open.delete(i)
      else written[i]?.push(id)
      if ((positions[i] as number) >= length) open.delete(i)
    }
    if (open.size === 0) return written
    // Rows that have ended go on at their last place: nobody reads them.
    const at = positions.map((position) => Math.min(position, length - 1))
    logits = own('answer', { input_ids: next, positions: at, rows: cacheRows(layout, at) }).logits as Float32Array
    for (let i = 0; i < batch; i++) positions[i] = (positions[i] as number) + 1
  }
}
