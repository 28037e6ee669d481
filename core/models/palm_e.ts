/**
 * PaLM-E: one language model that reads images and states among its words (Driess et al. 2023).
 * No reference implementation is public: this is a GPT-2 whose sequence begins with the tokens of a ViT and with one for
 * a vector of state, each projected into the width of its embeddings, followed by the text. What is golden is that very
 * composition of transformers' GPT2LMHeadModel and ViTModel.
 * Unusual about it: image and state are ordinary positions, causal like the words. Training the encoders alone (method
 * "head", the paper's frozen variant) or beside adapters leaves the language model as it was.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { causalMask } from '../nn/attention.ts'
import { dropout } from '../nn/dropout.ts'
import { linear } from '../nn/linear.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import type { Architecture, LanguageModelHead, ParameterSpec, SceneBatch } from './architecture.ts'
import { blocks, checkConfig as checkLanguage, type Gpt2Config, gpt2, gpt2ConfigSchema, masked } from './gpt2.ts'
import { checkConfig as checkVision, imageTokens, positionsOf, trunkParameters, vitConfigSchema } from './vit.ts'

/** GPT-2's fields, and beside them what it sees. */
const configSchema = gpt2ConfigSchema.extend({
  model_type: z.literal('palm_e'),
  /** ViT's fields. */
  vision_config: vitConfigSchema,
  /** Numbers of a state; 0: none is read. */
  state_dim: z.number().int().min(0).default(0),
})
type Config = z.output<typeof configSchema>

function parseConfig(json: unknown): Config {
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a PaLM-E that Attune can run.`,
    )
  }
  const config = parsed.data
  checkLanguage(config)
  checkVision(config.vision_config)
  if (prefixOf(config) >= config.n_positions) {
    const message = `config.json: image and state take ${prefixOf(config)} positions, which leaves none of n_positions ${config.n_positions} for words.`
    throw new AttuneError('bad_file', message)
  }
  return config
}

/** Positions before the first word. */
function prefixOf({ vision_config, state_dim }: Pick<Config, 'vision_config' | 'state_dim'>): number {
  return positionsOf(vision_config) + (state_dim > 0 ? 1 : 0)
}

const languageOf = (config: Config): Gpt2Config => ({ ...config, model_type: 'gpt2' })
const language = gpt2.heads.languageModel as LanguageModelHead<Gpt2Config>
/** Where the language model lies. */
const below = 'language_model'

function parameters(config: Config): Record<string, ParameterSpec> {
  const { n_embd: d, vision_config: vision, state_dim: states, initializer_range: stddev } = config
  const projection = (name: string, width: number): Record<string, ParameterSpec> => ({
    [`${name}.weight`]: { shape: [d, width], dtype: 'float32', init: { kind: 'normal', stddev } },
    [`${name}.bias`]: { shape: [d], dtype: 'float32', init: { kind: 'zeros' } },
  })
  const words = Object.entries(language.parameters(languageOf(config), 0))
  return {
    ...Object.fromEntries(words.map(([name, spec]) => [`${below}.${name}`, spec])),
    ...trunkParameters(vision, 'vision'),
    ...projection('vision_projection', vision.hidden_size),
    ...(states > 0 && projection('state_projection', states)),
  }
}

/** Image, state and words, each with its place: [batch, prefix + length, d] */
function embed(config: Config, params: Params, { pixels, state, inputIds }: SceneBatch, rng: Rng | null): tf.Tensor {
  const { n_embd: d } = config
  const [batch, length] = inputIds.shape as [number, number]
  const words = params.at(below).at('transformer')
  const seen = linear(
    params.at('vision_projection'),
    imageTokens(config.vision_config, params.at('vision'), pixels, rng),
    rng,
  )
  const parts = [
    tf.reshape(seen, [batch, -1, d]),
    ...(state ? [tf.reshape(linear(params.at('state_projection'), state, rng), [batch, 1, d])] : []),
    tf.reshape(tf.gather(words.at('wte').get('weight'), tf.reshape(inputIds, [-1])), [batch, length, d]),
  ]
  const places = tf.slice(words.at('wpe').get('weight'), [0, 0], [prefixOf(config) + length, d])
  return dropout(tf.add(tf.concat(parts, 1), places), config.embd_pdrop, rng)
}

/** The last layer's output at the words: [batch·length, d]; what follows the image and the state is read at the first. */
function hidden(config: Config, params: Params, scene: SceneBatch, rng: Rng | null): tf.Tensor {
  const { n_embd: d } = config
  const [batch, length] = scene.inputIds.shape as [number, number]
  const before = prefixOf(config)
  const x = tf.reshape(embed(config, params, scene, rng), [-1, d])
  const trunk = params.at(below).at('transformer')
  const mask = causalMask(before + length, null)
  const all = blocks(languageOf(config), trunk, x, batch, masked(languageOf(config)), rng, [mask])
  const words = tf.slice(tf.reshape(all, [batch, before + length, d]), [0, before, 0], [batch, length, d])
  return tf.reshape(words, [batch * length, d])
}

/** A GPT-2 checkpoint is a language model that has seen nothing yet: its vision is drawn anew. */
function rename(name: string): string | null {
  if (/\.attn\.(masked_)?bias$|(?:^|\.)pooler\./.test(name)) return null
  return /^(?:transformer|lm_head)\./.test(name) ? `${below}.${name}` : name
}

function layerOf(name: string): number | null {
  return name.startsWith(`${below}.`) ? gpt2.layerOf(name.slice(below.length + 1)) : null
}

export const palmE: Architecture<Config> = {
  modelType: 'palm_e',
  parseConfig,
  describe: (config) => gpt2.describe(languageOf(config)),
  layerOf,
  linearModules: [...gpt2.linearModules],
  withDropout: ({ vision_config: vision, ...config }, rate) => ({
    ...config,
    resid_pdrop: rate,
    embd_pdrop: rate,
    attn_pdrop: rate,
    vision_config: { ...vision, hidden_dropout_prob: rate, attention_probs_dropout_prob: rate },
  }),
  heads: {
    sceneReader: {
      className: 'PalmEForConditionalGeneration',
      parameters,
      rename,
      prefixes: ['vision.', 'vision_projection.', 'state_projection.'],
      sizes: (config) => ({
        channels: config.vision_config.num_channels,
        imageSize: config.vision_config.image_size,
        states: config.state_dim,
      }),
      mostTokens: (config) => config.n_positions - prefixOf(config),
      hidden,
      matrix: (config, params) => language.matrix(languageOf(config), params.at(below)),
    },
  },
}
