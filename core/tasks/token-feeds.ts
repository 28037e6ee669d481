import type * as tf from '@tensorflow/tfjs-core'
import { filled, type PaddedTokens, type TokenRows } from '../data/batches.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { TokenBatch } from '../models/architecture.ts'
import type { BatchLayout } from './task.ts'

/** What an encoder reads, by the names that transformers gives it. */
export function tokenSpecs(batchSize: number, length: number): Record<string, TensorSpec> {
  const tokens: TensorSpec = { shape: [batchSize, length], dtype: 'int32' }
  return { input_ids: tokens, attention_mask: tokens, token_type_ids: tokens }
}

/** The same of a batch; where `secondFrom` is given, tokens of a sequence from there on have the type `secondType`. */
export function tokenFeeds(
  { lengths }: Pick<TokenRows, 'lengths'>,
  positions: Int32Array,
  { batchSize }: BatchLayout,
  { length, inputIds }: PaddedTokens,
  second?: { readonly from: Int32Array; readonly type: number },
): Record<string, Int32Array> {
  const attentionMask = new Int32Array(batchSize * length)
  const types = new Int32Array(batchSize * length)
  for (let i = 0; i < batchSize; i++) {
    const position = filled(positions, i)
    const end = i * length + (lengths[position] as number)
    attentionMask.fill(1, i * length, end)
    if (second) types.fill(second.type, i * length + (second.from[position] as number), end)
  }
  return { input_ids: inputIds, attention_mask: attentionMask, token_type_ids: types }
}

/** The part of a batch that the model reads. */
export function modelInput(feeds: Tensors): TokenBatch {
  return {
    inputIds: feeds.input_ids as tf.Tensor,
    attentionMask: feeds.attention_mask as tf.Tensor,
    tokenTypeIds: feeds.token_type_ids as tf.Tensor,
  }
}
