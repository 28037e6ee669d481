/**
 * Whisper: an encoder over log-mel frames of speech and a decoder of text (Radford et al. 2022).
 * Reference implementation: transformers, models/whisper/modeling_whisper.py.
 * Unusual about it: two convolutions over time come before the encoder, the second halving the frames; the encoder's
 * positions are sinusoids that the checkpoint stores and nobody trains; keys have no bias; the head that reads tokens is
 * the embedding again. For classes, the encoder alone is used: its frames are projected, averaged and told apart.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { activationNamed, activationNames } from '../nn/activations.ts'
import { attend, mergeHeads, splitHeads } from '../nn/attention.ts'
import { conv3 } from '../nn/conv1d.ts'
import { dropout } from '../nn/dropout.ts'
import { activated, linear, linearProduct, type Unbiased } from '../nn/linear.ts'
import { layerNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { recomputed } from '../nn/recompute.ts'
import { residual } from '../nn/residual.ts'
import type { Architecture, AudioBatch, ParameterSpec } from './architecture.ts'

const size = z.number().int().positive()
const probability = z.number().min(0).max(1)

/** The fields of config.json that the computation depends on, under their own names. */
const configSchema = z.object({
  model_type: z.literal('whisper'),
  vocab_size: size,
  num_mel_bins: size.default(80),
  d_model: size,
  encoder_layers: size,
  encoder_attention_heads: size,
  encoder_ffn_dim: size,
  decoder_layers: size,
  decoder_attention_heads: size,
  decoder_ffn_dim: size,
  /** Half the frames that a clip has. */
  max_source_positions: size.default(1500),
  max_target_positions: size.default(448),
  activation_function: z.string().default('gelu'),
  dropout: probability.default(0),
  attention_dropout: probability.default(0),
  activation_dropout: probability.default(0),
  init_std: z.number().positive().default(0.02),
  scale_embedding: z.boolean().default(false),
  decoder_start_token_id: z.number().int().min(0).default(50257),
  pad_token_id: z.number().int().min(0).default(50256),
  eos_token_id: z.number().int().min(0).default(50256),
  tie_word_embeddings: z.literal(true).default(true),
  classifier_proj_size: size.default(256),
  use_weighted_layer_sum: z.literal(false).default(false),
})
export type WhisperConfig = z.output<typeof configSchema>

/** Of PyTorch's LayerNorm: config.json has no word for it. */
const epsilon = 1e-5

function parseConfig(json: unknown): WhisperConfig {
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a Whisper that Attune can run.`,
    )
  }
  const config = parsed.data
  for (const heads of ['encoder_attention_heads', 'decoder_attention_heads'] as const) {
    if (config.d_model % config[heads] !== 0) {
      const message = `config.json: d_model ${config.d_model} is no multiple of ${heads} ${config[heads]}.`
      throw new AttuneError('bad_file', message)
    }
  }
  if (!activationNamed(config.activation_function)) {
    throw new AttuneError(
      'unsupported',
      `config.json: activation_function "${config.activation_function}" is not known; known are ${activationNames.join(', ')}.`,
    )
  }
  return config
}

type Specs = Record<string, ParameterSpec>

/** Adds parameters to `specs` as PyTorch names them. */
function specWriter(specs: Specs, { init_std: stddev, d_model: d }: WhisperConfig) {
  const normal = (name: string, shape: number[]) => {
    specs[name] = { shape, dtype: 'float32', init: { kind: 'normal', stddev } }
  }
  const vector = (name: string, length: number, kind: 'zeros' | 'ones') => {
    specs[name] = { shape: [length], dtype: 'float32', init: { kind } }
  }
  const dense = (name: string, out: number, width: number) => {
    normal(`${name}.weight`, [out, width])
    vector(`${name}.bias`, out, 'zeros')
  }
  const norm = (name: string) => {
    vector(`${name}.weight`, d, 'ones')
    vector(`${name}.bias`, d, 'zeros')
  }
  const attention = (name: string) => {
    dense(`${name}.q_proj`, d, d)
    normal(`${name}.k_proj.weight`, [d, d])
    dense(`${name}.v_proj`, d, d)
    dense(`${name}.out_proj`, d, d)
    norm(`${name}_layer_norm`)
  }
  const wide = (name: string, inner: number) => {
    dense(`${name}.fc1`, inner, d)
    dense(`${name}.fc2`, d, inner)
    norm(`${name}.final_layer_norm`)
  }
  return { normal, vector, dense, norm, attention, wide }
}

function encoderParameters(specs: Specs, config: WhisperConfig, at: string): void {
  const { d_model: d, max_source_positions: positions } = config
  const { normal, vector, norm, attention, wide } = specWriter(specs, config)
  normal(`${at}.conv1.weight`, [d, config.num_mel_bins, 3])
  vector(`${at}.conv1.bias`, d, 'zeros')
  normal(`${at}.conv2.weight`, [d, d, 3])
  vector(`${at}.conv2.bias`, d, 'zeros')
  specs[`${at}.embed_positions.weight`] = {
    shape: [positions, d],
    dtype: 'float32',
    init: { kind: 'sinusoids', steps: d / 2 - 1 },
    matrix: 'table',
    frozen: true,
  }
  for (let layer = 0; layer < config.encoder_layers; layer++) {
    attention(`${at}.layers.${layer}.self_attn`)
    wide(`${at}.layers.${layer}`, config.encoder_ffn_dim)
  }
  norm(`${at}.layer_norm`)
}

function classifierParameters(config: WhisperConfig, labels: number): Specs {
  const specs: Specs = {}
  encoderParameters(specs, config, 'encoder')
  const { dense } = specWriter(specs, config)
  dense('projector', config.classifier_proj_size, config.d_model)
  dense('classifier', labels, config.classifier_proj_size)
  return specs
}

/** Rows of clips or of texts beside each other. */
interface Rows {
  readonly batch: number
  readonly heads: number
}

/** What x [batch·length, d] learns of `source` [batch·otherLength, d], to be joined to it. mask as `attend` wants it. */
function attention(
  config: WhisperConfig,
  params: Params,
  x: tf.Tensor,
  source: tf.Tensor,
  mask: tf.Tensor,
  { batch, heads }: Rows,
  rng: Rng | null,
): Unbiased {
  const part = (name: string, of: tf.Tensor) =>
    splitHeads(linearProduct(params.at(name), of, rng), batch, (of.shape[0] as number) / batch, heads)
  const mixed = attend(
    part('q_proj', x),
    part('k_proj', source),
    part('v_proj', source),
    mask,
    config.attention_dropout,
    rng,
  )
  return linearProduct(params.at('out_proj'), mergeHeads(mixed), rng)
}

/** The wide half of a block: x [batch·length, d] → the same. */
function mlp(config: WhisperConfig, params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const normed = layerNorm(params.at('final_layer_norm'), x, epsilon)
  const inner = activated(linearProduct(params.at('fc1'), normed, rng), config.activation_function)
  const kept = dropout(inner, config.activation_dropout, rng)
  return residual(x, linearProduct(params.at('fc2'), kept, rng), config.dropout, rng)
}

/** features [batch, mels, frames] → [batch·frames/2, d]; every frame sees the whole clip. */
function encode(config: WhisperConfig, params: Params, { features }: AudioBatch, rng: Rng | null): tf.Tensor {
  const [batch, , frames] = features.shape as [number, number, number]
  const { d_model: d, encoder_attention_heads: heads } = config
  const activation = activationNamed(config.activation_function) as (x: tf.Tensor) => tf.Tensor
  const spread = activation(conv3(params.at('conv1'), tf.transpose(features, [0, 2, 1]), 1))
  const halved = activation(conv3(params.at('conv2'), spread, 2))
  const placed = tf.add(halved, params.at('embed_positions').get('weight'))
  let x = dropout(tf.reshape(placed, [-1, d]), config.dropout, rng)
  // Nothing is hidden; with a mask of four axes, attention takes its fused way.
  const mask = tf.zeros([1, 1, 1, frames / 2])
  for (let layer = 0; layer < config.encoder_layers; layer++) {
    x = recomputed(params.at(`layers.${layer}`), x, [mask], rng, (block, input, [seen], draws) => {
      const normed = layerNorm(block.at('self_attn_layer_norm'), input, epsilon)
      const rows = { batch, heads }
      const learned = attention(config, block.at('self_attn'), normed, normed, seen as tf.Tensor, rows, draws)
      return mlp(config, block, residual(input, learned, config.dropout, draws), draws)
    })
  }
  return layerNorm(params.at('layer_norm'), x, epsilon)
}

/** The mean of a clip's frames, [batch, d]. The projection is linear, so it may come after the mean as well as before. */
function pooled(config: WhisperConfig, params: Params, batch: AudioBatch, rng: Rng | null): tf.Tensor {
  const [clips] = batch.features.shape as [number, number, number]
  return tf.mean(tf.reshape(encode(config, params.at('encoder'), batch, rng), [clips, -1, config.d_model]), 1)
}

/** Checkpoints of the whole model have "model." in front of the encoder, and a decoder that classes need not. */
function renameForClasses(name: string): string | null {
  const plain = name.replace(/^model\./, '')
  return /^(?:encoder|projector|classifier)\./.test(plain) ? plain : null
}

function layerOf(name: string): number | null {
  const layer = /(?:^|\.)encoder\.layers\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return /(?:^|\.)(?:conv[12]|embed_positions|embed_tokens)\./.test(name) ? -1 : null
}

export const whisper: Architecture<WhisperConfig> = {
  modelType: 'whisper',
  parseConfig,
  describe: (config) => ({
    vocabSize: config.vocab_size,
    hiddenSize: config.d_model,
    layers: config.encoder_layers,
    heads: config.encoder_attention_heads,
    maxPositions: config.max_target_positions,
  }),
  layerOf,
  linearModules: ['q_proj', 'k_proj', 'v_proj', 'out_proj', 'fc1', 'fc2'],
  withDropout: (config, rate) => ({ ...config, dropout: rate, attention_dropout: rate, activation_dropout: rate }),
  heads: {
    audioClassifier: {
      className: 'WhisperForAudioClassification',
      parameters: classifierParameters,
      rename: renameForClasses,
      prefixes: ['projector.', 'classifier.'],
      pooled,
      logits: (_config, params, x, rng) => linear(params.at('classifier'), linear(params.at('projector'), x, rng), rng),
    },
  },
}
