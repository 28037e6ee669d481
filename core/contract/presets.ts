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
  readonly choices?: readonly (string | boolean)[]
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

const recurrent = (title: string, modelType: string, className: string, gates: number): Blueprint => {
  const sizes = (embedding: number, units: number): Sizes => ({
    embedding_size: embedding,
    hidden_size: units,
    num_hidden_layers: 2,
    bidirectional: false,
    pooling: 'last',
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
      { ...field('pooling', 'What a classifier reads'), choices: ['last', 'mean'] },
      field('max_sequence_length', 'Longest text, tokens'),
    ],
    presets: { tiny: sizes(128, 256), small: sizes(512, 768), base: sizes(1024, 2048) },
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
  lstm: recurrent('LSTM', 'lstm', 'LstmModel', 4),
  gru: recurrent('GRU', 'gru', 'GruModel', 3),
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
    if (choices && !choices.includes(value as string | boolean)) {
      return { problem: `${name} is ${JSON.stringify(value)}, but must be one of ${choices.join(', ')}.` }
    }
    if (!choices && !(Number.isInteger(value) && (value as number) > 0)) {
      return { problem: `${name} is ${JSON.stringify(value)}, but must be a whole number above 0.` }
    }
  }
  return { sizes: { ...blueprint.presets[preset], ...own } }
}
