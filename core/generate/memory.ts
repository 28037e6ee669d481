import * as tf from '@tensorflow/tfjs-core'
import type { TensorSpec, Tensors, Update, Values } from '../engine/engine.ts'
import type { Attending, Carrying, LanguageModelHead } from '../models/architecture.ts'
import {
  blocksFor,
  type CachedAttention,
  type CacheLayout,
  cacheRows,
  cacheVariables,
  extendCache,
  fillCache,
} from '../nn/kv-cache.ts'
import type { Params } from '../nn/params.ts'

/** Hidden states [batch·length, width] of what was read, and what is remembered of it. */
export interface Read {
  readonly hidden: tf.Tensor
  readonly updates: Update[]
}

/**
 * What a session keeps of the texts under way, so that each new token is read alone: keys and values where a model looks
 * back at the tokens before, its state where it carries one along.
 */
export interface Memory {
  /** Texts at once. */
  readonly batch: number
  readonly variables: Readonly<Record<string, TensorSpec>>
  /** Those that grow by rows, written where they lie, and that may be rounded as weights are; the others are replaced whole. */
  readonly inPlace: readonly string[]
  /** Reads prompts from their beginning: inputIds int32 [batch, length], of which a row has `lengths` (int32 [batch]). */
  begin(params: Params, variables: Tensors, tokens: { inputIds: tf.Tensor; lengths: tf.Tensor }): Read
  /** How many programs reading on takes: each reaches further back. */
  readonly reaches: number
  /** The number of the one, from 1, for texts that have come so far. */
  reachFor(position: number): number
  /** What reading on is fed beside the tokens. */
  readonly feeds: Readonly<Record<string, TensorSpec>>
  feedsAt(positions: Int32Array): Readonly<Record<string, Values>>
  /** Reads one more token a row: inputIds int32 [batch, 1]. */
  goOn(params: Params, variables: Tensors, inputIds: tf.Tensor, feeds: Tensors, reach: number): Read
}

export function memoryOf(head: LanguageModelHead<unknown>, config: unknown, layout: CacheLayout): Memory {
  return 'advance' in head ? carriedState(head, config, layout.batch) : keysAndValues(head, config, layout)
}

function keysAndValues(head: Attending<unknown>, config: unknown, layout: CacheLayout): Memory {
  const { batch, heads, blocks } = layout
  const variables = cacheVariables(layout)
  const transform = (
    params: Params,
    inputIds: tf.Tensor,
    positionIds: tf.Tensor,
    { mix, updates }: CachedAttention,
  ) => {
    const hidden = head.transform(config, params, { inputIds, positionIds }, mix)
    return { hidden, updates: updates() }
  }
  return {
    batch,
    variables,
    inPlace: Object.keys(variables),
    begin(params, present, { inputIds }) {
      const length = inputIds.shape[1] as number
      const places = Int32Array.from({ length }, (_, i) => i)
      const positionIds = tf.tile(tf.tensor2d(places, [1, length]), [batch, 1])
      return transform(params, inputIds, positionIds, fillCache(layout, present, length))
    },
    reaches: blocks,
    reachFor: (position) => blocksFor(layout, position),
    feeds: {
      positions: { shape: [batch], dtype: 'int32' },
      rows: { shape: [batch * heads], dtype: 'int32' },
    },
    feedsAt: (positions) => ({ positions, rows: cacheRows(layout, positions) }),
    goOn(params, present, inputIds, feeds, used) {
      const [positions, rows] = [feeds.positions, feeds.rows] as [tf.Tensor, tf.Tensor]
      const attention = extendCache(layout, present, { positions, rows, used })
      return transform(params, inputIds, tf.reshape(positions, [batch, 1]), attention)
    },
  }
}

function carriedState(head: Carrying<unknown>, config: unknown, batch: number): Memory {
  const specs = Object.fromEntries(head.state(config, batch).map((spec, part) => [`state/${part}`, spec]))
  const names = Object.keys(specs)
  const read = (
    params: Params,
    tokens: { inputIds: tf.Tensor; lengths: tf.Tensor },
    before: readonly tf.Tensor[],
  ): Read => {
    const { hidden, state } = head.advance(config, params, tokens, before)
    const updates = names.map((name, i) => ({ kind: 'assign' as const, name, value: state[i] as tf.Tensor }))
    return { hidden, updates }
  }
  return {
    batch,
    variables: specs,
    inPlace: [],
    begin: (params, _, tokens) =>
      read(
        params,
        tokens,
        names.map((name) => tf.zeros([...(specs[name] as TensorSpec).shape])),
      ),
    reaches: 1,
    reachFor: () => 1,
    feeds: {},
    feedsAt: () => ({}),
    goOn: (params, variables, inputIds) =>
      read(
        params,
        { inputIds, lengths: tf.ones([batch], 'int32') },
        names.map((name) => variables[name] as tf.Tensor),
      ),
  }
}
