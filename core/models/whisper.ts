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
import { activationNamed, activationNames, gelu } from '../nn/activations.ts'
import { attend, causalMask, mergeHeads, splitHeads } from '../nn/attention.ts'
import { conv3 } from '../nn/conv1d.ts'
import { dropout } from '../nn/dropout.ts'
import { activated, linear, linearProduct } from '../nn/linear.ts'
import { layerNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { recomputed } from '../nn/recompute.ts'
import { residual } from '../nn/residual.ts'
import type { Architecture, AudioBatch, CausalBatch, CrossHeads, Memory, ParameterSpec } from './architecture.ts'

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
  const { vector, norm, attention, wide } = specWriter(specs, config)
  // As large as what they read asks for: init_std, small for them, would leave the sound below the positions.
  const conv = (name: string, width: number) => {
    specs[name] = { shape: [d, width, 3], dtype: 'float32', init: { kind: 'normal', stddev: (3 * width) ** -0.5 } }
  }
  conv(`${at}.conv1.weight`, config.num_mel_bins)
  vector(`${at}.conv1.bias`, d, 'zeros')
  conv(`${at}.conv2.weight`, d)
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

function parameters(config: WhisperConfig): Specs {
  const { d_model: d, init_std: stddev } = config
  const specs: Specs = {}
  encoderParameters(specs, config, 'model.encoder')
  const { norm, attention, wide } = specWriter(specs, config)
  const table = (name: string, rows: number) => {
    specs[`${name}.weight`] = { shape: [rows, d], dtype: 'float32', init: { kind: 'normal', stddev }, matrix: 'table' }
  }
  table('model.decoder.embed_tokens', config.vocab_size)
  table('model.decoder.embed_positions', config.max_target_positions)
  for (let layer = 0; layer < config.decoder_layers; layer++) {
    const at = `model.decoder.layers.${layer}`
    attention(`${at}.self_attn`)
    attention(`${at}.encoder_attn`)
    wide(at, config.decoder_ffn_dim)
  }
  norm('model.decoder.layer_norm')
  return specs
}

function classifierParameters(config: WhisperConfig, labels: number): Specs {
  const specs: Specs = {}
  encoderParameters(specs, config, 'encoder')
  const { dense } = specWriter(specs, config)
  dense('projector', config.classifier_proj_size, config.d_model)
  dense('classifier', labels, config.classifier_proj_size)
  return specs
}

/** [rows·length, d] → [rows, heads, length, size] */
function headsOf(place: Params, x: tf.Tensor, rows: number, heads: number, rng: Rng | null): tf.Tensor {
  return splitHeads(linearProduct(place, x, rng), rows, (x.shape[0] as number) / rows, heads)
}

/** What attention has mixed, projected and joined to x: [batch, heads, length, size] → [batch·length, d] */
function joined(config: WhisperConfig, place: Params, mixed: tf.Tensor, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  return residual(x, linearProduct(place.at('out_proj'), mergeHeads(mixed), rng), config.dropout, rng)
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
  // GELU, whatever activation_function says of the blocks.
  const spread = gelu(conv3(params.at('conv1'), tf.transpose(features, [0, 2, 1]), 1))
  const halved = gelu(conv3(params.at('conv2'), spread, 2))
  const placed = tf.add(halved, params.at('embed_positions').get('weight'))
  let x = dropout(tf.reshape(placed, [-1, d]), config.dropout, rng)
  // Nothing is hidden; with a mask of four axes, attention takes its fused way.
  const mask = tf.zeros([1, 1, 1, frames / 2])
  for (let layer = 0; layer < config.encoder_layers; layer++) {
    x = recomputed(params.at(`layers.${layer}`), x, [mask], rng, (block, input, [seen], draws) => {
      const normed = layerNorm(block.at('self_attn_layer_norm'), input, epsilon)
      const part = (name: string) => headsOf(block.at(`self_attn.${name}`), normed, batch, heads, draws)
      const [q, k, v] = [part('q_proj'), part('k_proj'), part('v_proj')]
      const mixed = attend(q, k, v, seen as tf.Tensor, config.attention_dropout, draws)
      return mlp(config, block, joined(config, block.at('self_attn'), mixed, input, draws), draws)
    })
  }
  return layerNorm(params.at('layer_norm'), x, epsilon)
}

/** Every frame of a clip is seen. */
function remember(config: WhisperConfig, params: Params, clips: AudioBatch, rng: Rng | null): Memory {
  const [batch, , frames] = clips.features.shape as [number, number, number]
  const mask = tf.zeros([batch, 1, 1, frames / 2])
  return { states: encode(config, params.at('model.encoder'), clips, rng), mask }
}

type Tokens = Pick<CausalBatch, 'inputIds' | 'positionIds'>

/** Words and learned positions, summed; positions null: from 0 on. → [batch·length, d] */
function embed(
  config: WhisperConfig,
  decoder: Params,
  inputIds: tf.Tensor,
  positionIds: tf.Tensor | null,
  rng: Rng | null,
): tf.Tensor {
  const [batch, length] = inputIds.shape as [number, number]
  const d = config.d_model
  const words = tf.gather(decoder.at('embed_tokens').get('weight'), tf.reshape(inputIds, [-1]))
  const table = decoder.at('embed_positions').get('weight')
  const summed =
    positionIds === null
      ? tf.reshape(tf.add(tf.reshape(words, [batch, length, d]), tf.slice(table, [0, 0], [length, d])), [-1, d])
      : tf.add(words, tf.gather(table, tf.reshape(positionIds, [-1])))
  return dropout(summed, config.dropout, rng)
}

/** A decoder's layer; `mixSelf` weighs its own tokens, `cross` is what it reads of the clip. */
function decoderBlock(
  config: WhisperConfig,
  block: Params,
  x: tf.Tensor,
  batch: number,
  mixSelf: (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => tf.Tensor,
  { keys, values, mask }: CrossHeads & { mask: tf.Tensor },
  rng: Rng | null,
): tf.Tensor {
  const heads = (place: string, input: tf.Tensor) =>
    headsOf(block.at(place), input, batch, config.decoder_attention_heads, rng)
  const own = layerNorm(block.at('self_attn_layer_norm'), x, epsilon)
  const mixed = mixSelf(heads('self_attn.q_proj', own), heads('self_attn.k_proj', own), heads('self_attn.v_proj', own))
  const y = joined(config, block.at('self_attn'), mixed, x, rng)
  const asking = heads('encoder_attn.q_proj', layerNorm(block.at('encoder_attn_layer_norm'), y, epsilon))
  const heard = attend(asking, keys, values, mask, config.attention_dropout, rng)
  return mlp(config, block, joined(config, block.at('encoder_attn'), heard, y, rng), rng)
}

/** What a layer reads of the clips' states [batch·frames, d]. */
function crossOf(config: WhisperConfig, block: Params, states: tf.Tensor, batch: number, rng: Rng | null): CrossHeads {
  const heads = (part: string) =>
    headsOf(block.at(`encoder_attn.${part}`), states, batch, config.decoder_attention_heads, rng)
  return { keys: heads('k_proj'), values: heads('v_proj') }
}

function decode(
  config: WhisperConfig,
  params: Params,
  inputIds: tf.Tensor,
  memory: Memory,
  rng: Rng | null,
): tf.Tensor {
  const [batch, length] = inputIds.shape as [number, number]
  const decoder = params.at('model.decoder')
  const others = [memory.states, memory.mask, causalMask(length, null)]
  let x = embed(config, decoder, inputIds, null, rng)
  for (let layer = 0; layer < config.decoder_layers; layer++) {
    const run = (block: Params, input: tf.Tensor, read: readonly tf.Tensor[], draws: Rng | null) => {
      const [states, mask, causal] = read as [tf.Tensor, tf.Tensor, tf.Tensor]
      const mix = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => attend(q, k, v, causal, config.attention_dropout, draws)
      return decoderBlock(
        config,
        block,
        input,
        batch,
        mix,
        { ...crossOf(config, block, states, batch, draws), mask },
        draws,
      )
    }
    x = recomputed(decoder.at(`layers.${layer}`), x, others, rng, run, 1)
  }
  return layerNorm(decoder.at('layer_norm'), x, epsilon)
}

function crossHeads(config: WhisperConfig, params: Params, { states, mask }: Memory): CrossHeads[] {
  return Array.from({ length: config.decoder_layers }, (_, layer) =>
    crossOf(config, params.at(`model.decoder.layers.${layer}`), states, mask.shape[0] as number, null),
  )
}

function hears({ num_mel_bins: mels, max_source_positions: positions }: WhisperConfig) {
  return { mels, frames: 2 * positions }
}

/** The mean of a clip's frames, [batch, d]. The projection is linear, so it may come after the mean as well as before. */
function pooled(config: WhisperConfig, params: Params, batch: AudioBatch, rng: Rng | null): tf.Tensor {
  const [clips] = batch.features.shape as [number, number, number]
  return tf.mean(tf.reshape(encode(config, params.at('encoder'), batch, rng), [clips, -1, config.d_model]), 1)
}

/** Checkpoints of the bare model lack the "model." in front. Null for the head, which is the embedding again. */
function rename(name: string): string | null {
  if (name === 'proj_out.weight') return null
  return name.startsWith('model.') ? name : `model.${name}`
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
    speechToText: {
      className: 'WhisperForConditionalGeneration',
      parameters,
      rename,
      prefixes: [],
      hears,
      describeDecoder: (config) => ({
        layers: config.decoder_layers,
        heads: config.decoder_attention_heads,
        headWidth: config.d_model / config.decoder_attention_heads,
        maxPositions: config.max_target_positions,
        startId: config.decoder_start_token_id,
      }),
      encode: remember,
      decode,
      matrix: (_config, params) => params.at('model.decoder.embed_tokens').get('weight'),
      logitsBias: () => null,
      crossHeads,
      step(config, params, { inputIds, positionIds }: Tokens, mix, { heads, mask }) {
        const decoder = params.at('model.decoder')
        const [batch] = inputIds.shape as [number, number]
        const first = embed(config, decoder, inputIds, positionIds, null)
        const last = heads.reduce((x, cross, layer) => {
          const mixed = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => mix(q, k, v, layer)
          return decoderBlock(config, decoder.at(`layers.${layer}`), x, batch, mixed, { ...cross, mask }, null)
        }, first)
        return layerNorm(decoder.at('layer_norm'), last, epsilon)
      },
    },
    audioClassifier: {
      className: 'WhisperForAudioClassification',
      parameters: classifierParameters,
      rename: renameForClasses,
      prefixes: ['projector.', 'classifier.'],
      hears,
      pooled,
      logits: (_config, params, x, rng) => linear(params.at('classifier'), linear(params.at('projector'), x, rng), rng),
    },
  },
}
