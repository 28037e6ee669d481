import { defaultLearningRate, type Method } from './settings.ts'

/**
 * Models from scratch: of each architecture that can begin without a checkpoint, the fields of config.json that decide
 * its size, three usual sizes, and how many numbers it comes to. An architecture is added by one entry of `blueprints`; a
 * test holds its sizes and counts to what models/ makes of them.
 */

export const presetNames = ['tiny', 'small', 'base'] as const
/** About 1–5, 10–30 and 100 million parameters. */
export type PresetName = (typeof presetNames)[number]

/** Fields of config.json. */
export type Sizes = Readonly<Record<string, number | boolean | string>>
type Config = Readonly<Record<string, unknown>>

export interface SizeField {
  /** Of config.json. */
  readonly name: string
  /** What the form calls it. */
  readonly title: string
  /** What it may be, where it is no whole number above 0. */
  readonly choices?: readonly (string | boolean | number)[]
}

/** What config.json says of the tokens. */
export interface Vocabulary {
  readonly size: number
  readonly padId: number
  readonly eosId: number | null
}

export interface Blueprint {
  /** What the form calls it. */
  readonly title: string
  /** One line under it. */
  readonly help: string
  readonly fields: readonly SizeField[]
  /** A value for every field. */
  readonly presets: Readonly<Record<PresetName, Sizes>>
  /**
   * The special tokens that a tokenizer trained for it puts around a text: none, a beginning and an end, or an end alone;
   * null where no text is read, so that there is no tokenizer.
   */
  readonly frame: 'bare' | 'both' | 'end' | null
  /** At which it usually learns when it begins from nothing, all of it. */
  readonly learningRate: number
  /** config.json. `vocabulary` is null where `frame` is. */
  config(sizes: Sizes, vocabulary: Vocabulary | null): Config
  /** What else lies in its folder, by file name: how pictures or sound are to reach it. */
  readonly companions?: (config: Config) => Readonly<Record<string, Config>>
  /**
   * Tokens that a text which it writes may come to, the one that it starts from included; absent where it has no decoder of
   * its own. transformers ends such texts after 20 where generation_config.json says nothing.
   */
  readonly longestTarget?: (config: Config) => number
  /** Numbers in the weights of a model with that config.json, before a task has put a head of its own on top. */
  parameters(config: Config): number
}

const field = (name: string, title: string): SizeField => ({ name, title })
const hidden = field('hidden_size', 'Hidden size')
const layers = field('num_hidden_layers', 'Layers')
const heads = field('num_attention_heads', 'Attention heads')
const inner = field('intermediate_size', 'Inner size')
const positions = field('max_position_embeddings', 'Longest text, tokens')

/** The numbers of these fields, in their order. */
export function numbersOf<const Names extends readonly string[]>(
  config: Config,
  ...names: Names
): { [index in keyof Names]: number } {
  return names.map((name) => config[name] as number) as { [index in keyof Names]: number }
}

/** What every config.json says that comes from the tokenizer. */
export function tokenFields(vocabulary: Vocabulary | null): Config {
  if (vocabulary === null) return {}
  const { size, padId, eosId } = vocabulary
  return { vocab_size: size, pad_token_id: padId, ...(eosId !== null && { bos_token_id: eosId, eos_token_id: eosId }) }
}

const bertSizes = (d: number, n: number, count: number): Sizes => ({
  hidden_size: d,
  num_hidden_layers: n,
  num_attention_heads: count,
  intermediate_size: 4 * d,
  max_position_embeddings: 512,
})

const bert: Blueprint = {
  title: 'BERT',
  help: 'An encoder: each token sees the whole text. For classification.',
  fields: [hidden, layers, heads, inner, positions],
  presets: { tiny: bertSizes(128, 4, 2), small: bertSizes(512, 4, 8), base: bertSizes(768, 12, 12) },
  frame: 'both',
  learningRate: 5e-4,
  config(sizes, vocabulary) {
    const { bos_token_id: _bos, eos_token_id: _eos, ...tokens } = tokenFields(vocabulary)
    return {
      architectures: ['BertModel'],
      model_type: 'bert',
      ...tokens,
      ...sizes,
      type_vocab_size: 2,
      hidden_act: 'gelu',
      hidden_dropout_prob: 0.1,
      attention_probs_dropout_prob: 0.1,
      layer_norm_eps: 1e-12,
      initializer_range: 0.02,
    }
  },
  parameters(config) {
    const [d, wide, n] = numbersOf(config, 'hidden_size', 'intermediate_size', 'num_hidden_layers')
    const [words, places, types] = numbersOf(config, 'vocab_size', 'max_position_embeddings', 'type_vocab_size')
    const layer = 4 * (d * d + d) + 2 * d * wide + wide + d + 4 * d
    return (words + places + types) * d + 2 * d + n * layer + d * d + d
  },
}

const gpt2: Blueprint = {
  title: 'GPT-2',
  help: 'A decoder: writes text token by token. Learned positions.',
  fields: [
    field('n_embd', 'Hidden size'),
    field('n_layer', 'Layers'),
    field('n_head', 'Attention heads'),
    field('n_positions', 'Longest text, tokens'),
  ],
  presets: {
    tiny: { n_embd: 128, n_layer: 4, n_head: 4, n_positions: 512 },
    small: { n_embd: 384, n_layer: 6, n_head: 6, n_positions: 512 },
    base: { n_embd: 768, n_layer: 12, n_head: 12, n_positions: 1024 },
  },
  frame: 'bare',
  learningRate: 5e-4,
  config: (sizes, vocabulary) => ({
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    ...tokenFields(vocabulary),
    ...sizes,
    activation_function: 'gelu_new',
    resid_pdrop: 0.1,
    embd_pdrop: 0.1,
    attn_pdrop: 0.1,
    layer_norm_epsilon: 1e-5,
    initializer_range: 0.02,
    tie_word_embeddings: true,
  }),
  parameters(config) {
    const [d, n, places, words] = numbersOf(config, 'n_embd', 'n_layer', 'n_positions', 'vocab_size')
    return (words + places) * d + n * (12 * d * d + 13 * d) + 2 * d
  },
}

const decisionTransformer: Blueprint = {
  title: 'Decision Transformer',
  help: 'Acts step by step towards a return that it is asked for. Its sizes of states and actions are those of the trajectories.',
  fields: [
    field('state_dim', 'Numbers of a state'),
    field('act_dim', 'Choices, or numbers of an action'),
    { ...field('action_tanh', 'Actions are numbers'), choices: [true, false] },
    field('max_ep_len', 'Longest episode, steps'),
    hidden,
    field('n_layer', 'Layers'),
    field('n_head', 'Attention heads'),
  ],
  presets: {
    tiny: actingSizes(128, 4, 4),
    small: actingSizes(384, 6, 6),
    base: actingSizes(768, 12, 12),
  },
  frame: null,
  learningRate: 1e-3,
  config: (sizes) => ({
    architectures: ['DecisionTransformerModel'],
    model_type: 'decision_transformer',
    ...sizes,
    vocab_size: 1,
    // Its trunk is only ever at the first.
    n_positions: 8,
    activation_function: 'gelu_new',
    resid_pdrop: 0.1,
    embd_pdrop: 0.1,
    attn_pdrop: 0.1,
    layer_norm_epsilon: 1e-5,
    initializer_range: 0.02,
  }),
  parameters(config) {
    const [d, n, steps] = numbersOf(config, 'hidden_size', 'n_layer', 'max_ep_len')
    const [states, actions] = numbersOf(config, 'state_dim', 'act_dim')
    const embedded = (1 + 8 + steps + 2 + states + 1 + actions + 1 + 2) * d
    return embedded + n * (12 * d * d + 13 * d) + 2 * d + (states + actions + 1) * (d + 1)
  },
}

function actingSizes(d: number, n: number, count: number): Sizes {
  const world = { state_dim: 80, act_dim: 4, action_tanh: false, max_ep_len: 1000 }
  return { ...world, hidden_size: d, n_layer: n, n_head: count }
}

const palmE: Blueprint = {
  title: 'PaLM-E',
  help: 'Writes about a picture and a state in numbers: a GPT-2 that reads both before the words. Its eyes are drawn when it is trained.',
  fields: [
    ...gpt2.fields,
    field('image_size', 'Side of a picture, pixels'),
    field('patch_size', 'Side of a patch, pixels'),
    field('state_dim', 'Numbers of a state'),
  ],
  presets: {
    tiny: { ...gpt2.presets.tiny, image_size: 32, patch_size: 8, state_dim: 14 },
    small: { ...gpt2.presets.small, image_size: 64, patch_size: 8, state_dim: 14 },
    base: { ...gpt2.presets.base, image_size: 224, patch_size: 16, state_dim: 14 },
  },
  frame: 'bare',
  learningRate: 1e-3,
  config({ image_size, patch_size, ...sizes }, vocabulary) {
    const [d, n] = numbersOf(sizes, 'n_embd', 'n_layer')
    return {
      ...gpt2.config(sizes, vocabulary),
      architectures: ['PalmEForConditionalGeneration'],
      model_type: 'palm_e',
      vision_config: {
        model_type: 'vit',
        image_size,
        patch_size,
        hidden_size: d / 2,
        num_hidden_layers: Math.ceil(n / 4),
        num_attention_heads: 2,
        intermediate_size: 2 * d,
      },
    }
  },
  parameters: gpt2.parameters,
}

/** How one of Llama's relatives differs from it. */
interface Relative {
  readonly title: string
  readonly help: string
  readonly modelType: string
  readonly className: string
  /** Queries and keys are normalised, each head by itself. */
  readonly headNorms: boolean
}

const llamaSizes = (d: number, n: number, count: number, shared: number, longest: number): Sizes => ({
  hidden_size: d,
  num_hidden_layers: n,
  num_attention_heads: count,
  num_key_value_heads: shared,
  intermediate_size: 3 * d,
  max_position_embeddings: longest,
})

const likeLlama = ({ title, help, modelType, className, headNorms }: Relative): Blueprint => ({
  title,
  help,
  fields: [hidden, layers, heads, field('num_key_value_heads', 'Key and value heads'), inner, positions],
  presets: {
    tiny: llamaSizes(128, 4, 4, 2, 512),
    small: llamaSizes(384, 6, 6, 2, 1024),
    base: llamaSizes(768, 12, 12, 4, 2048),
  },
  frame: 'bare',
  learningRate: 5e-4,
  config(sizes, vocabulary) {
    const [d, count] = numbersOf(sizes, 'hidden_size', 'num_attention_heads')
    return {
      architectures: [className],
      model_type: modelType,
      ...tokenFields(vocabulary),
      ...sizes,
      head_dim: d / count,
      hidden_act: 'silu',
      rms_norm_eps: 1e-6,
      initializer_range: 0.02,
      rope_parameters: { rope_type: 'default', rope_theta: 10_000 },
      tie_word_embeddings: true,
    }
  },
  parameters(config) {
    const [d, wide, n, words] = numbersOf(config, 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'vocab_size')
    const [head, count, shared] = numbersOf(config, 'head_dim', 'num_attention_heads', 'num_key_value_heads')
    const layer = 2 * d * head * (count + shared) + 3 * d * wide + 2 * d + (headNorms ? 2 * head : 0)
    return words * d + n * layer + d
  },
})

const recurrent = (title: string, modelType: string, className: string, gates: number, widest: number): Blueprint => {
  const sizes = (embedding: number, units: number): Sizes => ({
    embedding_size: embedding,
    hidden_size: units,
    num_hidden_layers: 2,
    bidirectional: false,
    pooling: 'mean',
    tie_word_embeddings: false,
    max_sequence_length: 4096,
  })
  return {
    title,
    help: 'A recurrent network: reads token after token, with a state of fixed size. For classification and for writing.',
    fields: [
      field('embedding_size', 'Embedding size'),
      field('hidden_size', 'Units a layer'),
      layers,
      { ...field('bidirectional', 'Reads from both ends'), choices: [false, true] },
      { ...field('tie_word_embeddings', 'Writes with its embeddings'), choices: [true, false] },
      { ...field('pooling', 'What a classifier reads'), choices: ['mean', 'last'] },
      field('max_sequence_length', 'Longest text, tokens'),
    ],
    presets: { tiny: sizes(128, 256), small: sizes(512, 768), base: sizes(1024, widest) },
    frame: 'bare',
    learningRate: 2e-3,
    config: (chosen, vocabulary) => ({
      architectures: [className],
      model_type: modelType,
      ...tokenFields(vocabulary),
      ...chosen,
      dropout: 0.1,
      initializer_range: 0.1,
    }),
    parameters(config) {
      const [words, width, units, n] = numbersOf(
        config,
        'vocab_size',
        'embedding_size',
        'hidden_size',
        'num_hidden_layers',
      )
      const ways = config.bidirectional === true ? 2 : 1
      const layer = (given: number) => ways * gates * units * (given + units + 2)
      return words * width + layer(width) + (n - 1) * layer(ways * units)
    },
  }
}

const marianSizes = (d: number, n: number, count: number): Sizes => ({
  d_model: d,
  encoder_layers: n,
  decoder_layers: n,
  encoder_attention_heads: count,
  encoder_ffn_dim: 4 * d,
  max_position_embeddings: 512,
})

/** What every config.json of an encoder–decoder says that comes from the tokenizer: targets begin with padding. */
function targetFields(vocabulary: Vocabulary | null): Config {
  const { bos_token_id: _bos, ...tokens } = tokenFields(vocabulary)
  return { ...tokens, ...(vocabulary && { decoder_start_token_id: vocabulary.padId }) }
}

const marian: Blueprint = {
  title: 'Marian',
  help: 'An encoder and a decoder, the Transformer as first described: writes one text out of another.',
  fields: [
    field('d_model', 'Hidden size'),
    field('encoder_layers', 'Layers that read'),
    field('decoder_layers', 'Layers that write'),
    field('encoder_attention_heads', 'Attention heads'),
    field('encoder_ffn_dim', 'Inner size'),
    positions,
  ],
  presets: { tiny: marianSizes(128, 3, 4), small: marianSizes(384, 4, 6), base: marianSizes(640, 6, 8) },
  frame: 'end',
  learningRate: 5e-4,
  config: (sizes, vocabulary) => ({
    architectures: ['MarianMTModel'],
    model_type: 'marian',
    ...targetFields(vocabulary),
    ...sizes,
    decoder_attention_heads: sizes.encoder_attention_heads,
    decoder_ffn_dim: sizes.encoder_ffn_dim,
    activation_function: 'swish',
    dropout: 0.1,
    attention_dropout: 0,
    activation_dropout: 0,
    init_std: 0.02,
    scale_embedding: true,
    is_encoder_decoder: true,
    share_encoder_decoder_embeddings: true,
    tie_word_embeddings: true,
  }),
  longestTarget: ({ max_position_embeddings: longest }) => longest as number,
  parameters(config) {
    const [d, wide, words] = numbersOf(config, 'd_model', 'encoder_ffn_dim', 'vocab_size')
    const [reading, writing] = numbersOf(config, 'encoder_layers', 'decoder_layers')
    const attention = 4 * (d * d + d) + 2 * d
    const layer = attention + 2 * d * wide + wide + d + 2 * d
    return words * d + words + reading * layer + writing * (layer + attention)
  },
}

const t5Sizes = (d: number, n: number, count: number, wide: number): Sizes => ({
  d_model: d,
  d_kv: d / count,
  d_ff: wide,
  num_layers: n,
  num_decoder_layers: n,
  num_heads: count,
  feed_forward_proj: 'gated-gelu',
})

const t5: Blueprint = {
  title: 'T5',
  help: 'An encoder and a decoder that know distances instead of places: writes one text out of another.',
  fields: [
    field('d_model', 'Hidden size'),
    field('d_kv', 'Numbers a head'),
    field('d_ff', 'Inner size'),
    field('num_layers', 'Layers that read'),
    field('num_decoder_layers', 'Layers that write'),
    field('num_heads', 'Attention heads'),
    { ...field('feed_forward_proj', 'Inner layer'), choices: ['relu', 'gated-gelu'] },
  ],
  presets: { tiny: t5Sizes(128, 3, 4, 256), small: t5Sizes(384, 4, 6, 1024), base: t5Sizes(640, 6, 10, 1728) },
  frame: 'end',
  learningRate: 1e-3,
  config: (sizes, vocabulary) => ({
    architectures: ['T5ForConditionalGeneration'],
    model_type: 't5',
    ...targetFields(vocabulary),
    ...sizes,
    relative_attention_num_buckets: 32,
    relative_attention_max_distance: 128,
    dropout_rate: 0.1,
    layer_norm_epsilon: 1e-6,
    is_encoder_decoder: true,
    tie_word_embeddings: true,
  }),
  // It has no last position; as many as it was first trained with.
  longestTarget: () => 512,
  parameters(config) {
    const [d, head, count, wide, words] = numbersOf(config, 'd_model', 'd_kv', 'num_heads', 'd_ff', 'vocab_size')
    const [reading, writing] = numbersOf(config, 'num_layers', 'num_decoder_layers')
    const attention = 4 * d * head * count + d
    const inner = (config.feed_forward_proj === 'gated-gelu' ? 3 : 2) * d * wide + d
    const distances = 2 * 32 * count
    return words * d + reading * (attention + inner) + writing * (2 * attention + inner) + distances + 2 * d
  },
}

const vitSizes = (d: number, n: number, count: number, image: number, patch: number): Sizes => ({
  hidden_size: d,
  num_hidden_layers: n,
  num_attention_heads: count,
  intermediate_size: 4 * d,
  image_size: image,
  patch_size: patch,
  num_channels: 3,
})

const vit: Blueprint = {
  title: 'ViT',
  help: 'A vision Transformer: cuts a picture into patches that all see each other. For classes of pictures.',
  fields: [
    ...[hidden, layers, heads, inner],
    field('image_size', 'Picture side, pixels'),
    field('patch_size', 'Patch side, pixels'),
    { ...field('num_channels', 'Colours'), choices: [1, 3] },
  ],
  presets: {
    tiny: vitSizes(128, 4, 4, 32, 4),
    small: vitSizes(384, 6, 6, 96, 8),
    base: vitSizes(768, 12, 12, 224, 16),
  },
  frame: null,
  learningRate: 1e-3,
  config: (sizes) => ({
    architectures: ['ViTModel'],
    model_type: 'vit',
    ...sizes,
    qkv_bias: true,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.0,
    attention_probs_dropout_prob: 0.0,
    layer_norm_eps: 1e-12,
    initializer_range: 0.02,
  }),
  companions({ image_size: side, num_channels: channels }) {
    const each = Array.from({ length: channels as number }, () => 0.5)
    return {
      'preprocessor_config.json': {
        image_processor_type: 'ViTImageProcessor',
        do_resize: true,
        size: { height: side, width: side },
        resample: 2,
        do_rescale: true,
        rescale_factor: 1 / 255,
        do_normalize: true,
        image_mean: each,
        image_std: each,
      },
    }
  },
  parameters(config) {
    const [d, wide, n] = numbersOf(config, 'hidden_size', 'intermediate_size', 'num_hidden_layers')
    const [image, patch, channels] = numbersOf(config, 'image_size', 'patch_size', 'num_channels')
    const layer = 4 * (d * d + d) + 2 * d * wide + wide + d + 4 * d
    return ((image / patch) ** 2 + 2) * d + (channels * patch * patch + 1) * d + n * layer + 2 * d
  },
}

const whisperSizes = (d: number, n: number, count: number, mels: number, clip: number, longest: number): Sizes => ({
  d_model: d,
  encoder_layers: n,
  decoder_layers: n,
  encoder_attention_heads: count,
  encoder_ffn_dim: 4 * d,
  num_mel_bins: mels,
  max_source_positions: clip,
  max_target_positions: longest,
})

const whisper: Blueprint = {
  title: 'Whisper',
  help: 'Hears clips: an encoder over their sound, and a decoder that writes what is said. For transcripts and for classes.',
  fields: [
    field('d_model', 'Hidden size'),
    field('encoder_layers', 'Layers that hear'),
    field('decoder_layers', 'Layers that write'),
    field('encoder_attention_heads', 'Attention heads'),
    field('encoder_ffn_dim', 'Inner size'),
    field('num_mel_bins', 'Mels'),
    field('max_source_positions', 'Longest clip, 1/50 s'),
    field('max_target_positions', 'Longest text, tokens'),
  ],
  presets: {
    tiny: whisperSizes(128, 2, 4, 40, 100, 128),
    small: whisperSizes(384, 4, 6, 80, 500, 448),
    base: whisperSizes(640, 6, 10, 80, 1500, 448),
  },
  frame: 'end',
  learningRate: 1e-3,
  config: (sizes, vocabulary) => ({
    architectures: ['WhisperForConditionalGeneration'],
    model_type: 'whisper',
    ...tokenFields(vocabulary),
    decoder_start_token_id: vocabulary?.padId ?? 0,
    ...sizes,
    decoder_attention_heads: sizes.encoder_attention_heads,
    decoder_ffn_dim: sizes.encoder_ffn_dim,
    activation_function: 'gelu',
    dropout: 0.1,
    attention_dropout: 0.0,
    activation_dropout: 0.0,
    // Narrow ones learn nothing for long from weights as small as wide ones begin with.
    init_std: (sizes.d_model as number) < 256 ? 0.08 : 0.02,
    is_encoder_decoder: true,
    tie_word_embeddings: true,
    suppress_tokens: null,
    begin_suppress_tokens: null,
  }),
  companions(config) {
    const [mels, clip] = numbersOf(config, 'num_mel_bins', 'max_source_positions')
    return {
      'preprocessor_config.json': {
        feature_extractor_type: 'WhisperFeatureExtractor',
        feature_size: mels,
        sampling_rate: 16_000,
        hop_length: 160,
        n_fft: 400,
        chunk_length: clip / 50,
        n_samples: 320 * clip,
        nb_max_frames: 2 * clip,
        padding_side: 'right',
        padding_value: 0.0,
        return_attention_mask: false,
      },
    }
  },
  longestTarget: ({ max_target_positions: longest }) => longest as number,
  parameters(config) {
    const [d, wide, mels, clip] = numbersOf(
      config,
      'd_model',
      'encoder_ffn_dim',
      'num_mel_bins',
      'max_source_positions',
    )
    const [hears, writes, words, longest] = numbersOf(
      config,
      ...(['encoder_layers', 'decoder_layers', 'vocab_size', 'max_target_positions'] as const),
    )
    const attention = 4 * d * d + 3 * d + 2 * d
    const inside = 2 * d * wide + wide + d + 2 * d
    const ears = 3 * d * mels + d + 3 * d * d + d + clip * d
    return (
      ears + hears * (attention + inside) + 2 * d + (words + longest) * d + writes * (2 * attention + inside) + 2 * d
    )
  },
}

/** By model_type, in the order of the form. */
export const blueprints: Readonly<Record<string, Blueprint>> = {
  bert,
  gpt2,
  llama: likeLlama({
    title: 'Llama',
    help: 'A decoder: writes text token by token. Turned positions, shared keys, gated layers.',
    modelType: 'llama',
    className: 'LlamaForCausalLM',
    headNorms: false,
  }),
  qwen3: likeLlama({
    title: 'Qwen3',
    help: 'A decoder like Llama, its queries and keys normalised: steadier at high learning rates.',
    modelType: 'qwen3',
    className: 'Qwen3ForCausalLM',
    headNorms: true,
  }),
  marian,
  t5,
  vit,
  whisper,
  lstm: recurrent('LSTM', 'lstm', 'LstmModel', 4, 2560),
  gru: recurrent('GRU', 'gru', 'GruModel', 3, 2816),
  decision_transformer: decisionTransformer,
  palm_e: palmE,
}

/** What Model.source says of a model that was made here. */
export const sourceFromScratch = (seed: number) => `from scratch, seed ${seed}`

/** The rate that a run takes when none is given: weights that came with a model want a small one, those drawn here do not. */
export function usualLearningRate(method: Method, model: { source: string; architecture: string } | undefined): number {
  const scratch = model?.source.startsWith('from scratch') ? blueprints[model.architecture] : undefined
  return (method === 'full' ? scratch?.learningRate : undefined) ?? defaultLearningRate[method]
}

/** A preset with some of its fields replaced, or a sentence on what cannot be. */
export function sizesOf(blueprint: Blueprint, preset: PresetName, own: Sizes): { sizes: Sizes } | { problem: string } {
  for (const [name, value] of Object.entries(own)) {
    const known = blueprint.fields.find((one) => one.name === name)
    if (!known) {
      const names = blueprint.fields.map((one) => one.name).join(', ')
      return { problem: `${blueprint.title} has no size "${name}"; it has ${names}.` }
    }
    const { choices } = known
    if (choices && !choices.includes(value)) {
      return { problem: `${name} is ${JSON.stringify(value)}, but must be one of ${choices.join(', ')}.` }
    }
    if (!choices && !(Number.isInteger(value) && (value as number) > 0)) {
      return { problem: `${name} is ${JSON.stringify(value)}, but must be a whole number above 0.` }
    }
  }
  return { sizes: { ...blueprint.presets[preset], ...own } }
}
