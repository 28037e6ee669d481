/** A model by its config.json, and the batch that it is measured with. */
export interface Shape {
  readonly batch: number
  readonly length: number
  readonly config: ReturnType<typeof bertConfig> | ReturnType<typeof gptConfig>
}

interface Size {
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly vocabulary: number
}

const s: Size = { layers: 2, hidden: 128, heads: 4, vocabulary: 512 }
const m: Size = { layers: 4, hidden: 256, heads: 4, vocabulary: 4096 }
const l: Size = { layers: 6, hidden: 768, heads: 12, vocabulary: 30522 }

/** BERT in three sizes. */
export const bertShapes = {
  s: { batch: 8, length: 64, config: bertConfig(s) },
  m: { batch: 8, length: 128, config: bertConfig(m) },
  l: { batch: 8, length: 128, config: bertConfig(l) },
} satisfies Record<string, Shape>

/** GPT-2 in the same sizes, its head tied as always. */
export const gptShapes = {
  s: { batch: 8, length: 64, config: gptConfig(s, 128) },
  m: { batch: 8, length: 128, config: gptConfig(m, 128) },
  l: { batch: 8, length: 128, config: gptConfig(l, 128) },
} satisfies Record<string, Shape>

/** GPT-2-small, 124 million parameters. */
export const gpt2Small = {
  batch: 4,
  length: 128,
  config: gptConfig({ layers: 12, hidden: 768, heads: 12, vocabulary: 50257 }, 1024),
} satisfies Shape

/** A language model of LSTM layers between an embedding and a head of its own, all of one width, and its batch. */
export interface RecurrentShape {
  readonly batch: number
  readonly length: number
  readonly config: {
    readonly model_type: 'lstm'
    readonly vocab_size: number
    readonly hidden_size: number
    readonly num_layers: number
  }
}

export const lstmShape: RecurrentShape = {
  batch: 32,
  length: 128,
  config: { model_type: 'lstm', vocab_size: 2000, hidden_size: 512, num_layers: 2 },
}

function bertConfig(size: Size) {
  return {
    model_type: 'bert' as const,
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

function gptConfig(size: Size, positions: number) {
  return {
    model_type: 'gpt2' as const,
    vocab_size: size.vocabulary,
    n_embd: size.hidden,
    n_layer: size.layers,
    n_head: size.heads,
    n_positions: positions,
    activation_function: 'gelu_new',
    resid_pdrop: 0.1,
    embd_pdrop: 0.1,
    attn_pdrop: 0.1,
  }
}
