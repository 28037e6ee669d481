/** BERT configs of three sizes, as config.json gives them, and the batch that each is measured with. */
export interface Shape {
  readonly batch: number
  readonly length: number
  readonly config: ReturnType<typeof bertConfig>
}

export const shapes = {
  s: { batch: 8, length: 64, config: bertConfig({ layers: 2, hidden: 128, heads: 4, vocabulary: 512 }) },
  m: { batch: 8, length: 128, config: bertConfig({ layers: 4, hidden: 256, heads: 4, vocabulary: 4096 }) },
  l: { batch: 8, length: 128, config: bertConfig({ layers: 6, hidden: 768, heads: 12, vocabulary: 30522 }) },
} satisfies Record<string, Shape>

function bertConfig(size: { layers: number; hidden: number; heads: number; vocabulary: number }) {
  return {
    vocab_size: size.vocabulary,
    hidden_size: size.hidden,
    num_hidden_layers: size.layers,
    num_attention_heads: size.heads,
    intermediate_size: 4 * size.hidden,
    max_position_embeddings: 128,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
  }
}
