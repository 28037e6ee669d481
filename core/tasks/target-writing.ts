import * as tf from '@tensorflow/tfjs-core'
import type { TensorSpec, Tensors, Update, Values } from '../engine/engine.ts'
import type { CrossHeads, DecoderHead, Memory } from '../models/architecture.ts'
import { type CacheLayout, cacheRows, cacheVariables, extendCache } from '../nn/kv-cache.ts'
import { timesRows } from '../nn/linear.ts'
import type { Params } from '../nn/params.ts'
import { BeamSearch } from './beam-search.ts'
import type { OwnProgram, OwnPrograms, RunOwn, TaskModel } from './task.ts'
import { winner } from './text-classification.ts'

/**
 * Writing with the decoder half of an encoder–decoder, as a task's own programs: `read/<length>` makes keys and values of
 * what the encoder says of a batch, once; `write/<length>` reads one token more of every row and gives the logits behind
 * it, with its own keys and values kept. `reorder` lets rows go on from others, as beams do.
 */

/** One kind of batch that is read. */
export interface Source {
  /** Names its programs. */
  readonly length: number
  readonly feeds: Readonly<Record<string, TensorSpec>>
  /** Positions of the memory. */
  readonly positions: number
  read(params: Params, feeds: Tensors): Memory
}

export interface WritingLayout {
  /** Examples read at once. */
  readonly examples: number
  /** Rows that each of them is written in. */
  readonly beams: number
  /** Tokens that a target has room for, its end included, its start not. */
  readonly maxTokens: number
}

export const readProgram = (length: number) => `read/${length}`
export const writeProgram = (length: number) => `write/${length}`
export const reorderProgram = 'reorder'

/** The cache of what has been written. */
export function writingCache({ head, config }: TaskModel, { examples, beams, maxTokens }: WritingLayout): CacheLayout {
  const { layers, heads, headWidth } = (head as DecoderHead<unknown>).describeDecoder(config)
  return { layers, batch: examples * beams, heads, size: headWidth, blockLength: maxTokens, blocks: 1 }
}

export function writingPrograms(model: TaskModel, layout: WritingLayout, sources: readonly Source[]): OwnPrograms {
  const cache = writingCache(model, layout)
  const own = cacheVariables(cache)
  const memories = sources.flatMap(({ length, positions }) => Object.entries(memoryVariables(cache, length, positions)))
  return {
    variables: { ...own, ...Object.fromEntries(memories) },
    inPlace: Object.keys(own),
    programs: Object.fromEntries([
      ...sources.map((source) => [readProgram(source.length), reading(model, layout, cache, source)] as const),
      ...sources.map((source) => [writeProgram(source.length), writing(model, cache, source)] as const),
      ...(layout.beams > 1 ? [[reorderProgram, reordering(cache)] as const] : []),
    ]),
  }
}

const maskOf = (length: number) => `memory/${length}/mask`
const crossOf = (length: number, layer: number) =>
  ({ keys: `memory/${length}/keys/${layer}`, values: `memory/${length}/values/${layer}` }) as const

function memoryVariables(
  { layers, batch, heads, size }: CacheLayout,
  length: number,
  positions: number,
): Record<string, TensorSpec> {
  const spec: TensorSpec = { shape: [batch, heads, positions, size], dtype: 'float32' }
  const layersOf = Array.from({ length: layers }, (_, layer) => Object.values(crossOf(length, layer)))
  return {
    ...Object.fromEntries(layersOf.flat().map((name) => [name, spec])),
    [maskOf(length)]: { shape: [batch, 1, 1, positions], dtype: 'float32' },
  }
}

/** Feeds of a source → what the decoder reads of it, each example once a beam; the cache begins anew. */
function reading(
  { head, config }: TaskModel,
  { beams }: WritingLayout,
  cache: CacheLayout,
  { length, feeds, read }: Source,
): OwnProgram {
  return {
    feeds,
    run(params, fed) {
      const memory = read(params, fed)
      const updates: Update[] = [{ kind: 'assign', name: maskOf(length), value: repeated(memory.mask, beams) }]
      for (const [layer, cross] of (head as DecoderHead<unknown>).crossHeads(config, params, memory).entries()) {
        const { keys, values } = crossOf(length, layer)
        updates.push({ kind: 'assign', name: keys, value: repeated(cross.keys, beams) })
        updates.push({ kind: 'assign', name: values, value: repeated(cross.values, beams) })
      }
      // What is masked must still be numbers.
      for (const [name, { shape }] of Object.entries(cacheVariables(cache)))
        updates.push({ kind: 'assign', name, value: tf.zeros([...shape]) })
      return { fetches: { done: tf.scalar(1) }, updates }
    },
  }
}

/** Each example `times` times, one after the other: [n, …] → [n·times, …]. */
function repeated(x: tf.Tensor, times: number): tf.Tensor {
  if (times === 1) return x
  const [n, ...rest] = x.shape as [number, ...number[]]
  const flat = tf.tile(tf.reshape(x, [n, 1, -1]), [1, times, 1])
  return tf.reshape(flat, [n * times, ...rest])
}

/** input_ids and positions int32 [rows], rows as cacheRows gives them → logits [rows, vocabulary]. */
function writing({ head: given, config }: TaskModel, cache: CacheLayout, { length }: Source): OwnProgram {
  const head = given as DecoderHead<unknown>
  const { batch, heads, layers } = cache
  const int32 = (size: number): TensorSpec => ({ shape: [size], dtype: 'int32' })
  return {
    feeds: { input_ids: int32(batch), positions: int32(batch), rows: int32(batch * heads) },
    run(params, feeds, kept) {
      const positions = feeds.positions as tf.Tensor
      const attention = extendCache(cache, kept, { positions, rows: feeds.rows as tf.Tensor, used: 1 })
      const column = (x: tf.Tensor | undefined) => tf.reshape(x as tf.Tensor, [batch, 1])
      const tokens = { inputIds: column(feeds.input_ids), positionIds: column(positions) }
      const crosses = Array.from({ length: layers }, (_, layer): CrossHeads => {
        const { keys, values } = crossOf(length, layer)
        return { keys: kept[keys] as tf.Tensor, values: kept[values] as tf.Tensor }
      })
      const read = { heads: crosses, mask: kept[maskOf(length)] as tf.Tensor }
      const hidden = head.step(config, params, tokens, attention.mix, read)
      const product = timesRows(hidden, head.matrix(config, params))
      const bias = head.logitsBias(config, params)
      return { fetches: { logits: bias ? tf.add(product, bias) : product }, updates: attention.updates() }
    },
  }
}

/** order int32 [rows]: each row goes on from what that one has written. */
function reordering(cache: CacheLayout): OwnProgram {
  return {
    feeds: { order: { shape: [cache.batch], dtype: 'int32' } },
    run(_params, feeds, kept) {
      const updates = Object.entries(cacheVariables(cache)).map(([name, { shape }]): Update => {
        const byRow = tf.reshape(kept[name] as tf.Tensor, [cache.batch, -1])
        const value = tf.reshape(tf.gather(byRow, feeds.order as tf.Tensor1D), [...shape])
        return { kind: 'assign', name, value }
      })
      return { fetches: { done: tf.scalar(1) }, updates }
    },
  }
}

/** How targets begin and end. */
export interface WritingRules {
  readonly startId: number
  readonly endIds: readonly number[]
  /** What the last token is where there is no room for more; null for whatever is likeliest. */
  readonly forcedEndId: number | null
  /** Tokens that are never written. */
  readonly bannedIds: readonly number[]
}

/** What it takes to write the rows of a batch that has been read. */
export interface WritingState extends WritingLayout {
  readonly own: RunOwn
  readonly cache: CacheLayout
  readonly length: number
  readonly rules: WritingRules
}

/** Logits [rows, vocabulary] behind one token a row, all at the same position. */
export function writeTokens({ own, cache, length }: WritingState, ids: Int32Array, position: number): Float32Array {
  const positions = new Int32Array(cache.batch).fill(position)
  const rows = cacheRows(cache, positions)
  return own(writeProgram(length), { input_ids: ids, positions, rows }).logits as Float32Array
}

/**
 * What a model makes of the first `count` examples of a batch, whose source's feeds these are: with several beams, the
 * best of what they found.
 */
export function writeTargets(state: WritingState, feeds: Readonly<Record<string, Values>>, count: number): number[][] {
  state.own(readProgram(state.length), feeds)
  return state.beams > 1 ? writeByBeams(state, count) : writeGreedily(state, count)
}

/** With several texts of each example under way: beam-search.ts. */
function writeByBeams(state: WritingState, count: number): number[][] {
  const { own, cache, rules, beams, maxTokens } = state
  const searches = Array.from({ length: count }, () => new BeamSearch(beams, maxTokens, rules))
  const ids = new Int32Array(cache.batch).fill(rules.startId)
  const order = Int32Array.from({ length: cache.batch }, (_, row) => row)
  for (let position = 0; searches.some(({ done }) => !done); position++) {
    const logits = writeTokens(state, ids, position)
    const vocabulary = logits.length / cache.batch
    for (const [example, search] of searches.entries()) {
      if (search.done) continue
      const first = example * beams
      const rows = Array.from({ length: beams }, (_, beam) => first + beam)
      const next = search.advance(rows.map((row) => logits.subarray(row * vocabulary, (row + 1) * vocabulary)))
      next.forEach(({ from, id }, beam) => {
        ids[first + beam] = id
        order[first + beam] = first + from
      })
    }
    own(reorderProgram, { order })
  }
  return searches.map((search) => search.result())
}

/** The likeliest token each time: what follows the start, up to the end that is not told. */
function writeGreedily(state: WritingState, count: number): number[][] {
  const { cache, rules, maxTokens } = state
  const written: number[][] = Array.from({ length: count }, () => [])
  const open = new Set(written.keys())
  const ids = new Int32Array(cache.batch).fill(rules.startId)
  for (let position = 0; position < maxTokens && open.size > 0; position++) {
    const logits = writeTokens(state, ids, position)
    const vocabulary = logits.length / cache.batch
    for (const row of open) {
      const forced = position === maxTokens - 1 ? rules.forcedEndId : null
      const id = forced ?? likeliest(logits.subarray(row * vocabulary, (row + 1) * vocabulary), rules)
      if (rules.endIds.includes(id)) open.delete(row)
      else written[row]?.push(id)
      ids[row] = id
    }
  }
  return written
}

/** The first of the largest, banned ones left out. */
function likeliest(logits: Float32Array, { bannedIds }: WritingRules): number {
  for (const id of bannedIds) logits[id] = Number.NEGATIVE_INFINITY
  return winner(logits)
}
