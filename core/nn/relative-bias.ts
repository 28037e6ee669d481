import * as tf from '@tensorflow/tfjs-core'

/**
 * T5's positions: what is added to a score is learned by head and by the distance from query to key, near distances each
 * by itself, far ones in bins that grow logarithmically. Source: Raffel et al. 2020; transformers, T5Attention.
 */
export interface RelativeBuckets {
  /** Rows of the table. */
  readonly buckets: number
  /** From here on all distances share the last bin. */
  readonly maxDistance: number
  /** Whether keys behind the query have bins of their own (an encoder); else they share that of distance 0. */
  readonly bothWays: boolean
}

/** The row of the table for a key `distance` positions behind the query (negative: before it). */
export function relativeBucket(distance: number, { buckets, maxDistance, bothWays }: RelativeBuckets): number {
  const side = bothWays ? Math.floor(buckets / 2) : buckets
  const first = bothWays && distance > 0 ? side : 0
  const far = bothWays ? Math.abs(distance) : Math.max(0, -distance)
  const exact = Math.floor(side / 2)
  if (far < exact) return first + far
  // In float32 as the reference computes it: bins begin where its roundings put them.
  const float = Math.fround
  const share = float(float(Math.log(float(far / exact))) / float(Math.log(maxDistance / exact)))
  return first + Math.min(side - 1, exact + Math.trunc(float(share * (side - exact))))
}

/** For queries and keys from position 0 on. table [buckets, heads] → [1, heads, queries, keys] */
export function relativeBias(table: tf.Tensor, queries: number, keys: number, options: RelativeBuckets): tf.Tensor {
  const rows = tf.tensor1d(bucketsOf(queries, keys, options), 'int32')
  const values = tf.reshape(tf.gather(table, rows), [1, queries, keys, -1])
  return tf.transpose(values, [0, 3, 1, 2])
}

/** For one query a row, at `positions` (int32 [batch]), and keys from position 0 on → [batch, heads, 1, keys] */
export function relativeBiasAt(
  table: tf.Tensor,
  positions: tf.Tensor,
  keys: number,
  options: RelativeBuckets,
): tf.Tensor {
  const all = tf.tensor2d(bucketsOf(keys, keys, options), [keys, keys], 'int32')
  const rows = tf.reshape(tf.gather(all, positions as tf.Tensor1D), [-1])
  const values = tf.reshape(tf.gather(table, rows), [positions.size, 1, keys, -1])
  return tf.transpose(values, [0, 3, 1, 2])
}

function bucketsOf(queries: number, keys: number, options: RelativeBuckets): Int32Array {
  return Int32Array.from({ length: queries * keys }, (_, i) =>
    relativeBucket((i % keys) - Math.floor(i / keys), options),
  )
}
