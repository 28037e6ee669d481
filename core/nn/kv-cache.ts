import * as tf from '@tensorflow/tfjs-core'
import type { TensorSpec, Tensors, Update } from '../engine/engine.ts'
import type { Mix } from '../models/architecture.ts'
import { attend, causalMask, hiddenScores } from './attention.ts'
import { hasKernel, runKernel } from './kernel.ts'
import { updateRows } from './update-rows.ts'

/**
 * Keys and values of the tokens so far, kept in the session from one step to the next: two variables a layer. Positions
 * come in blocks, [block, batch, head, place in block, head size]: the blocks in use are one piece of memory, which
 * products take as it lies, and what a new token adds is a short row a head, written where it belongs.
 */
export interface CacheLayout {
  readonly layers: number
  readonly batch: number
  readonly heads: number
  /** Numbers a head. */
  readonly size: number
  /** Positions a block. */
  readonly blockLength: number
  readonly blocks: number
}

const keysOf = (layer: number) => `cache/keys/${layer}`
const valuesOf = (layer: number) => `cache/values/${layer}`

export function cacheVariables(layout: CacheLayout): Record<string, TensorSpec> {
  const { layers, batch, heads, size, blockLength, blocks } = layout
  const spec: TensorSpec = { shape: [blocks * batch * heads * blockLength, size], dtype: 'float32' }
  const numbers = Array.from({ length: layers }, (_, layer) => layer)
  return Object.fromEntries(numbers.flatMap((layer) => [keysOf(layer), valuesOf(layer)]).map((name) => [name, spec]))
}

/** Where the keys of one token a batch row go, at these positions: the feed [batch·heads] of a decoding step. */
export function cacheRows({ batch, heads, blockLength }: CacheLayout, positions: ArrayLike<number>): Int32Array {
  const rows = new Int32Array(batch * heads)
  for (let b = 0; b < batch; b++) {
    const position = positions[b] as number
    const block = Math.floor(position / blockLength)
    for (let h = 0; h < heads; h++) {
      rows[b * heads + h] = ((block * batch + b) * heads + h) * blockLength + (position % blockLength)
    }
  }
  return rows
}

/** How many blocks hold the positions 0 … `position`. */
export function blocksFor({ blockLength }: CacheLayout, position: number): number {
  return Math.floor(position / blockLength) + 1
}

/** What a program does in each layer, and afterwards its updates of the cache. */
export interface CachedAttention {
  readonly mix: Mix
  updates(): Update[]
}

/** Prompts from position 0 on: each token sees those before it, and the cache holds them all. */
export function fillCache(layout: CacheLayout, variables: Tensors, length: number): CachedAttention {
  const { batch, size, blockLength } = layout
  const mask = causalMask(length, null)
  // So many positions of a head lie behind each other both here and there, and are written at once.
  const run = commonDivisor(length, blockLength)
  const firsts = Array.from({ length: length / run }, (_, i) => cacheRows(layout, new Int32Array(batch).fill(i * run)))
  const index = tf.tensor1d(Int32Array.from(inOrderOfHeads(firsts), (row) => row / run))
  const updates: Update[] = []
  /** x [batch, heads, length, size] */
  const keep = (name: string, x: tf.Tensor) => {
    const [cache, added] = [variables[name] as tf.Tensor, x].map((one) => tf.reshape(one, [-1, run * size]))
    const filled = updateRows(cache as tf.Tensor, index, added as tf.Tensor)
    updates.push({ kind: 'assign', name, value: tf.reshape(filled, [-1, size]) })
  }
  return {
    mix(q, k, v, layer, { bias, ...scores } = {}) {
      keep(keysOf(layer), k)
      keep(valuesOf(layer), v)
      return attend(q, k, v, mask, 0, null, { ...scores, ...(bias && { bias: bias(length) }) })
    },
    updates: () => updates,
  }
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}

/** From the rows of all heads a position to those of all positions a head. */
function* inOrderOfHeads(positions: readonly Int32Array[]): Generator<number> {
  const heads = positions[0]?.length ?? 0
  for (let head = 0; head < heads; head++) for (const rows of positions) yield rows[head] as number
}

/**
 * One token a batch row: at `positions` (int32 [batch]), its keys written to `rows` (see cacheRows), it sees all positions
 * up to its own, which lie in the first `used` blocks.
 */
export function extendCache(
  layout: CacheLayout,
  variables: Tensors,
  { positions, rows, used }: { positions: tf.Tensor; rows: tf.Tensor; used: number },
): CachedAttention {
  const { batch, heads, size, blockLength } = layout
  const all = batch * heads
  const places = tf.tensor(
    Int32Array.from({ length: used * blockLength }, (_, i) => i),
    [used, 1, 1, blockLength],
  )
  const mask = hiddenScores(tf.greater(places, tf.reshape(positions, [1, batch, 1, 1])))
  const updates: Update[] = []
  /** The cache with the token in it, as far as it is in use: [used, batch·heads, blockLength, size]. */
  const extend = (name: string, x: tf.Tensor) => {
    const value = updateRows(variables[name] as tf.Tensor, rows, tf.reshape(x, [all, size]))
    updates.push({ kind: 'assign', name, value })
    const inUse = tf.slice(value, [0, 0], [used * all * blockLength, size])
    return tf.reshape(inUse, [used, all, blockLength, size])
  }
  /** All of it in one operation, where the engine has that. */
  const atOnce: Mix = (q, k, v, layer, { factor = 1 / Math.sqrt(size) } = {}) => {
    const names = [keysOf(layer), valuesOf(layer)] as const
    const [keys, values] = names.map((name) => variables[name]) as [tf.Tensor, tf.Tensor]
    const inputs = { q, k, v, keys, values, positions }
    const attrs = { block: blockLength, factor }
    const [y, ...written] = runKernel<[tf.Tensor, tf.Tensor, tf.Tensor]>('AttuneCachedAttention', inputs, attrs)
    written.forEach((value, i) => {
      updates.push({ kind: 'assign', name: names[i] as string, value })
    })
    return y
  }
  const fused = hasKernel('AttuneCachedAttention')
  return {
    mix(q, k, v, layer, scoring = {}) {
      if (fused && !scoring.bias) return atOnce(q, k, v, layer, scoring)
      const { factor = 1 / Math.sqrt(size), bias } = scoring
      const keys = extend(keysOf(layer), k)
      const values = extend(valuesOf(layer), v)
      const scaled = tf.reshape(tf.mul(q, factor), [1, all, 1, size])
      const query = used === 1 ? scaled : tf.tile(scaled, [used, 1, 1, 1])
      const scores = tf.reshape(tf.matMul(query, keys, false, true), [used, batch, heads, blockLength])
      // The softmax goes over all blocks at once.
      const plain = tf.transpose(tf.add(scores, mask), [1, 2, 0, 3])
      const seen = bias ? tf.add(plain, tf.reshape(bias(used * blockLength), [-1, heads, used, blockLength])) : plain
      const shares = tf.reshape(tf.softmax(tf.reshape(seen, [all, used * blockLength])), [all, used, blockLength])
      const shared = tf.reshape(tf.transpose(shares, [1, 0, 2]), [used, all, 1, blockLength])
      return tf.reshape(tf.sum(tf.matMul(shared, values), 0), [batch, heads, 1, size])
    },
    updates: () => updates,
  }
}
