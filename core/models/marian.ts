/**
 * Marian: the Transformer as it was first described, an encoder and a decoder (Vaswani et al. 2017; Junczys-Dowmunt et
 * al. 2018), the layout of the OPUS-MT translation models.
 * Reference implementation: transformers, models/marian/modeling_marian.py (MarianMTModel).
 * Unusual about it: layer norms stand after each residual sum (post-norm), positions are sines and cosines that are
 * never learned nor stored, both sides usually share one embedding, which also reads the tokens out, and the logits get a
 * bias that is no parameter.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { activationNamed, activationNames } from '../nn/activations.ts'
import { attend, causalMask, mergeHeads, paddingMask, splitHeads } from '../nn/attention.ts'
import { dropout } from '../nn/dropout.ts'
import { lookUp } from '../nn/embedding.ts'
import { activated, linearProduct } from '../nn/linear.ts'
import { residualNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { recomputed } from '../nn/recompute.ts'
import { sinusoids } from '../nn/sinusoids.ts'
import type { Architecture, CausalBatch, CrossHeads, Memory, ParameterSpec, TokenBatch } from './architecture.ts'

const size = z.number().int().positive()
const probability = z.number().min(0).max(1)
const token = z.number().int().min(0)

/** The fields of config.json that the computation depends on, under their own names. */
const configSchema = z.object({
  model_type: z.literal('marian'),
  vocab_size: size,
  /** Null or absent: vocab_size. */
  decoder_vocab_size: size.nullable().default(null),
  max_position_embeddings: size.default(1024),
  d_model: size,
  encoder_layers: size,
  encoder_attention_heads: size,
  encoder_ffn_dim: size,
  decoder_layers: size,
  decoder_attention_heads: size,
  decoder_ffn_dim: size,
  activation_function: z.string().default('gelu'),
  dropout: probability.default(0.1),
  attention_dropout: probability.default(0),
  activation_dropout: probability.default(0),
  encoder_layerdrop: z.literal(0).default(0),
  decoder_layerdrop: z.literal(0).default(0),
  init_std: z.number().positive().default(0.02),
  scale_embedding: z.boolean().default(false),
  share_encoder_decoder_embeddings: z.boolean().default(true),
  tie_word_embeddings: z.literal(true).default(true),
  normalize_before: z.literal(false).default(false),
  normalize_embedding: z.literal(false).default(false),
  static_position_embeddings: z.literal(true).default(true),
  pad_token_id: token,
  decoder_start_token_id: token,
})
type MarianConfig = z.output<typeof configSchema>

/** torch.nn.LayerNorm's own. */
const epsilon = 1e-5

function parseConfig(json: unknown): MarianConfig {
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a Marian that Attune can run.`,
    )
  }
  const config = parsed.data
  for (const side of ['encoder', 'decoder'] as const) {
    const heads = config[`${side}_attention_heads`]
    if (config.d_model % heads !== 0) {
      const message = `config.json: d_model ${config.d_model} is no multiple of ${side}_attention_heads ${heads}.`
      throw new AttuneError('bad_file', message)
    }
  }
  if (!activationNamed(config.activation_function)) {
    throw new AttuneError(
      'unsupported',
      `config.json: activation_function "${config.activation_function}" is not known; known are ${activationNames.join(', ')}.`,
    )
  }
  if (config.decoder_start_token_id >= targetVocabulary(config)) {
    const message = `config.json: decoder_start_token_id ${config.decoder_start_token_id} is no token: there are ${targetVocabulary(config)}.`
    throw new AttuneError('bad_file', message)
  }
  return config
}

function targetVocabulary(config: MarianConfig): number {
  const shared = config.share_encoder_decoder_embeddings
  return shared ? config.vocab_size : (config.decoder_vocab_size ?? config.vocab_size)
}

/** Where the embeddings of each side lie, below "model". */
function tablesOf({ share_encoder_decoder_embeddings: shared }: MarianConfig): { encoder: string; decoder: string } {
  return shared
    ? { encoder: 'shared', decoder: 'shared' }
    : { encoder: 'encoder.embed_tokens', decoder: 'decoder.embed_tokens' }
}

function parameters(config: MarianConfig): Record<string, ParameterSpec> {
  const { d_model: d, init_std: stddev } = config
  const specs: Record<string, ParameterSpec> = {}
  const table = (name: string, rows: number) => {
    specs[`${name}.weight`] = { shape: [rows, d], dtype: 'float32', init: { kind: 'normal', stddev }, matrix: 'table' }
  }
  const vector = (name: string, length: number, kind: 'zeros' | 'ones') => {
    specs[name] = { shape: [length], dtype: 'float32', init: { kind } }
  }
  const dense = (name: string, out: number, width: number) => {
    specs[`${name}.weight`] = { shape: [out, width], dtype: 'float32', init: { kind: 'normal', stddev } }
    vector(`${name}.bias`, out, 'zeros')
  }
  const norm = (name: string) => {
    vector(`${name}.weight`, d, 'ones')
    vector(`${name}.bias`, d, 'zeros')
  }
  const attention = (name: string) => {
    for (const part of ['k_proj', 'v_proj', 'q_proj', 'out_proj']) dense(`${name}.${part}`, d, d)
    norm(`${name}_layer_norm`)
  }
  const tables = tablesOf(config)
  table(`model.${tables.encoder}`, config.vocab_size)
  if (tables.decoder !== tables.encoder) table(`model.${tables.decoder}`, targetVocabulary(config))
  for (const side of ['encoder', 'decoder'] as const) {
    for (let layer = 0; layer < config[`${side}_layers`]; layer++) {
      const at = `model.${side}.layers.${layer}`
      attention(`${at}.self_attn`)
      if (side === 'decoder') attention(`${at}.encoder_attn`)
      dense(`${at}.fc1`, config[`${side}_ffn_dim`], d)
      dense(`${at}.fc2`, d, config[`${side}_ffn_dim`])
      norm(`${at}.final_layer_norm`)
    }
  }
  const shape = [1, targetVocabulary(config)]
  specs.final_logits_bias = { shape, dtype: 'float32', init: { kind: 'zeros' }, frozen: true }
  return specs
}

type Tokens = Pick<CausalBatch, 'inputIds' | 'positionIds'>

/** Words and positions, summed; positions null: from 0 on. → [batch·length, d] */
function embed(
  config: MarianConfig,
  table: Params,
  inputIds: tf.Tensor,
  positionIds: tf.Tensor | null,
  rng: Rng | null,
): tf.Tensor {
  const [batch, length] = inputIds.shape as [number, number]
  const d = config.d_model
  const words = lookUp(table.get('weight'), tf.reshape(inputIds, [-1]), config.pad_token_id)
  const scaled = config.scale_embedding ? tf.mul(words, Math.sqrt(d)) : words
  const count = positionIds === null ? length : config.max_position_embeddings
  const places = tf.tensor2d(sinusoids(count, d), [count, d])
  const summed =
    positionIds === null
      ? tf.reshape(tf.add(tf.reshape(scaled, [batch, length, d]), places), [batch * length, d])
      : tf.add(scaled, tf.gather(places, tf.reshape(positionIds, [-1])))
  return dropout(summed, config.dropout, rng)
}

/** [rows·length, d] → [rows, heads, length, size] */
function headsOf(place: Params, x: tf.Tensor, rows: number, heads: number, rng: Rng | null): tf.Tensor {
  return splitHeads(linearProduct(place, x, rng), rows, (x.shape[0] as number) / rows, heads)
}

/** Attention and what ends it, LayerNorm(dropout(out_proj(y)) + x); mixed [batch, heads, length, size] → [batch·length, d] */
function attended(
  config: MarianConfig,
  block: Params,
  name: 'self_attn' | 'encoder_attn',
  mixed: tf.Tensor,
  x: tf.Tensor,
  rng: Rng | null,
): tf.Tensor {
  const projected = linearProduct(block.at(`${name}.out_proj`), mergeHeads(mixed), rng)
  return residualNorm(block.at(`${name}_layer_norm`), projected, x, config.dropout, rng, epsilon)
}

/** x [batch·length, d] → [batch·length, d], through the wide inner layer */
function mlp(config: MarianConfig, block: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const inner = activated(linearProduct(block.at('fc1'), x, rng), config.activation_function)
  const projected = linearProduct(block.at('fc2'), dropout(inner, config.activation_dropout, rng), rng)
  return residualNorm(block.at('final_layer_norm'), projected, x, config.dropout, rng, epsilon)
}

function encode(
  config: MarianConfig,
  params: Params,
  { inputIds, attentionMask }: Pick<TokenBatch, 'inputIds' | 'attentionMask'>,
  rng: Rng | null,
): Memory {
  const [batch] = inputIds.shape as [number, number]
  const model = params.at('model')
  const mask = paddingMask(attentionMask)
  let x = embed(config, model.at(tablesOf(config).encoder), inputIds, null, rng)
  for (let layer = 0; layer < config.encoder_layers; layer++) {
    x = recomputed(model.at(`encoder.layers.${layer}`), x, [mask], rng, (block, input, [seen], draws) => {
      const heads = (part: string) =>
        headsOf(block.at(`self_attn.${part}`), input, batch, config.encoder_attention_heads, draws)
      const [q, k, v] = [heads('q_proj'), heads('k_proj'), heads('v_proj')]
      const mixed = attend(q, k, v, seen as tf.Tensor, config.attention_dropout, draws)
      return mlp(config, block, attended(config, block, 'self_attn', mixed, input, draws), draws)
    })
  }
  return { states: x, mask }
}

/** A decoder's layer; `mixSelf` weighs its own tokens, `read` gives what it reads of the memory. */
function decoderBlock(
  config: MarianConfig,
  block: Params,
  x: tf.Tensor,
  batch: number,
  mixSelf: (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => tf.Tensor,
  { keys, values, mask }: CrossHeads & { mask: tf.Tensor },
  rng: Rng | null,
): tf.Tensor {
  const heads = (place: string, input: tf.Tensor) =>
    headsOf(block.at(place), input, batch, config.decoder_attention_heads, rng)
  const mixed = mixSelf(heads('self_attn.q_proj', x), heads('self_attn.k_proj', x), heads('self_attn.v_proj', x))
  const y = attended(config, block, 'self_attn', mixed, x, rng)
  const read = attend(heads('encoder_attn.q_proj', y), keys, values, mask, config.attention_dropout, rng)
  return mlp(config, block, attended(config, block, 'encoder_attn', read, y, rng), rng)
}

/** What a layer reads of the memory's states [batch·length, d]. */
function crossOf(config: MarianConfig, block: Params, states: tf.Tensor, batch: number, rng: Rng | null): CrossHeads {
  const heads = (part: string) =>
    headsOf(block.at(`encoder_attn.${part}`), states, batch, config.decoder_attention_heads, rng)
  return { keys: heads('k_proj'), values: heads('v_proj') }
}

function decode(config: MarianConfig, params: Params, inputIds: tf.Tensor, memory: Memory, rng: Rng | null): tf.Tensor {
  const [batch, length] = inputIds.shape as [number, number]
  const model = params.at('model')
  const others = [memory.states, memory.mask, causalMask(length, null)]
  let x = embed(config, model.at(tablesOf(config).decoder), inputIds, null, rng)
  for (let layer = 0; layer < config.decoder_layers; layer++) {
    const run = (block: Params, input: tf.Tensor, read: readonly tf.Tensor[], draws: Rng | null) => {
      const [states, mask, causal] = read as [tf.Tensor, tf.Tensor, tf.Tensor]
      const mix = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => attend(q, k, v, causal, config.attention_dropout, draws)
      const cross = { ...crossOf(config, block, states, batch, draws), mask }
      return decoderBlock(config, block, input, batch, mix, cross, draws)
    }
    x = recomputed(model.at(`decoder.layers.${layer}`), x, others, rng, run, 1)
  }
  return x
}

function crossHeads(config: MarianConfig, params: Params, { states, mask }: Memory): CrossHeads[] {
  return Array.from({ length: config.decoder_layers }, (_, layer) =>
    crossOf(config, params.at(`model.decoder.layers.${layer}`), states, mask.shape[0] as number, null),
  )
}

/** Checkpoints of the bare model lack the "model." in front. Null for what is no parameter: positions, and tied heads. */
function rename(name: string): string | null {
  if (name.endsWith('embed_positions.weight') || name === 'lm_head.weight') return null
  return name.startsWith('model.') || name === 'final_logits_bias' ? name : `model.${name}`
}

/** Of the encoder; what the decoder has lies above it. */
function layerOf(name: string): number | null {
  const layer = /(?:^|\.)encoder\.layers\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return /(?:^|\.)(?:shared|embed_tokens)\./.test(name) ? -1 : null
}

export const marian: Architecture<MarianConfig> = {
  modelType: 'marian',
  parseConfig,
  describe: (config) => ({
    vocabSize: config.vocab_size,
    hiddenSize: config.d_model,
    layers: config.encoder_layers,
    heads: config.encoder_attention_heads,
    maxPositions: config.max_position_embeddings,
  }),
  layerOf,
  linearModules: ['q_proj', 'k_proj', 'v_proj', 'out_proj', 'fc1', 'fc2'],
  withDropout: (config, rate) => ({ ...config, dropout: rate, attention_dropout: rate, activation_dropout: rate }),
  heads: {
    sequenceToSequence: {
      className: 'MarianMTModel',
      parameters,
      rename,
      prefixes: [],
      describeDecoder: (config) => ({
        layers: config.decoder_layers,
        heads: config.decoder_attention_heads,
        headWidth: config.d_model / config.decoder_attention_heads,
        maxPositions: config.max_position_embeddings,
        startId: config.decoder_start_token_id,
      }),
      encode,
      decode,
      matrix: (config, params) => params.at(`model.${tablesOf(config).decoder}`).get('weight'),
      logitsBias: (_config, params) => tf.reshape(params.get('final_logits_bias'), [-1]),
      crossHeads,
      step(config, params, { inputIds, positionIds }: Tokens, mix, { heads, mask }) {
        const model = params.at('model')
        const [batch] = inputIds.shape as [number, number]
        const first = embed(config, model.at(tablesOf(config).decoder), inputIds, positionIds, null)
        return heads.reduce((x, cross, layer) => {
          const mixed = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => mix(q, k, v, layer)
          return decoderBlock(config, model.at(`decoder.layers.${layer}`), x, batch, mixed, { ...cross, mask }, null)
        }, first)
      },
    },
  },
}
