import type { Tensor } from '@tensorflow/tfjs-core'

/** What happened inside one attention of a model: heads apart, rotated and repeated where the model does so. */
export interface Attention {
  /** [batch, heads, queries, d] */
  readonly queries: Tensor
  /** [batch, heads, keys, d], as `values` */
  readonly keys: Tensor
  readonly values: Tensor
  /** How much each query takes of each value, [batch, heads, queries, keys]: a row sums to 1. */
  readonly weights: Tensor
  /** The values so weighted, [batch, heads, queries, d]. */
  readonly sums: Tensor
}

let seen: Attention[] | null = null

/**
 * Runs a forward pass and hands out every attention in it, in the order of computation: layer by layer, an encoder's
 * before a decoder's, a decoder layer's own before the one that looks at the encoder. For programs without dropout: what
 * a recomputed block does is not seen.
 */
export function watchAttention<T>(forward: () => T): { result: T; attentions: readonly Attention[] } {
  const outer = seen
  const attentions: Attention[] = []
  seen = attentions
  try {
    return { result: forward(), attentions }
  } finally {
    seen = outer
  }
}

/** Told by whatever attends. */
export function noteAttention(attention: Attention): void {
  seen?.push(attention)
}
