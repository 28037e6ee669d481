/**
 * T5: an encoder and a decoder that turn every task into text (Raffel et al. 2020), with T5 1.1 and Flan-T5.
 * Reference implementation: transformers, models/t5/modeling_t5.py (T5ForConditionalGeneration).
 * Unusual about it: norms stand before each half of a block and have neither mean nor bias, no layer has a bias, scores
 * are not scaled but get a learned addition by head and distance, which all layers of a side share, and heads need not
 * be d_model / num_heads wide.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { activationNamed, activationNames } from '../nn/activations.ts'
import { attend, causalMask, mergeHeads, paddingMask, splitHeads } from '../nn/attention.ts'
import { dropout } from '../nn/dropout.ts'
import { activated, biased, linearProduct, type Unbiased } from '../nn/linear.ts'
import { rmsNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { recomputed } from '../nn/recompute.ts'
import { type RelativeBuckets, relativeBias, relativeBiasAt } from '../nn/relative-bias.ts'
import { residual } from '../nn/residual.ts'
import type { Architecture, CausalBatch, CrossHeads, Memory, Mix, ParameterSpec, TokenBatch } from './architecture.ts'

const size = z.number().int().positive()
const probability = z.number().min(0).max(1)

/** The fields of config.json that the computation depends on, under their own names. */
const configSchema = z.object({
  model_type: z.literal('t5'),
  vocab_size: size,
  d_model: size,
  d_kv: size,
  d_ff: size,
  num_layers: size,
  /** Null or absent: num_layers. */
  num_decoder_layers: size.nullable().default(null),
  num_heads: size,
  relative_attention_num_buckets: size.default(32),
  relative_attention_max_distance: size.default(128),
  dropout_rate: probability.default(0.1),
  layer_norm_epsilon: z.number().positive().default(1e-6),
  initializer_factor: z.number().positive().default(1),
  feed_forward_proj: z.string().default('relu'),
  tie_word_embeddings: z.boolean().default(true),
  /** Written by the newest transformers, for which it says what tie_word_embeddings did. */
  scale_decoder_outputs: z.boolean().optional(),
  decoder_start_token_id: z.number().int().min(0),
})
type T5Config = z.output<typeof configSchema>

function parseConfig(json: unknown): T5Config {
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a T5 that Attune can run.`,
    )
  }
  const { activation } = innerOf(parsed.data)
  if (!activationNamed(activation)) {
    throw new AttuneError(
      'unsupported',
      `config.json: feed_forward_proj "${parsed.data.feed_forward_proj}" is not known; known are ${activationNames.join(', ')}, each also as "gated-…".`,
    )
  }
  return parsed.data
}

/** What the wide inner layer does: "relu", "gated-gelu" (which means its tanh approximation) and the like. */
function innerOf({ feed_forward_proj: given }: Pick<T5Config, 'feed_forward_proj'>): {
  gated: boolean
  activation: string
} {
  const gated = given.startsWith('gated-')
  if (given === 'gated-gelu') return { gated, activation: 'gelu_new' }
  return { gated, activation: gated ? given.slice('gated-'.length) : given }
}

/** Whether a head of its own reads the tokens out; the embedding does otherwise, of states that are scaled down. */
function isUntied({ tie_word_embeddings: tied, scale_decoder_outputs: scaled }: T5Config): boolean {
  return !(scaled ?? tied)
}

const sides = ['encoder', 'decoder'] as const
type Side = (typeof sides)[number]

function layersOf(config: T5Config, side: Side): number {
  return side === 'encoder' ? config.num_layers : (config.num_decoder_layers ?? config.num_layers)
}

function parameters(config: T5Config): Record<string, ParameterSpec> {
  const { d_model: d, d_kv, d_ff, num_heads: heads, initializer_factor: factor } = config
  const specs: Record<string, ParameterSpec> = {}
  const matrix = (name: string, rows: number, columns: number, stddev: number, table = false) => {
    const init = { kind: 'normal', stddev: factor * stddev } as const
    specs[`${name}.weight`] = { shape: [rows, columns], dtype: 'float32', init, ...(table && { matrix: 'table' }) }
  }
  const norm = (name: string) => {
    specs[`${name}.weight`] = { shape: [d], dtype: 'float32', init: { kind: 'ones' } }
  }
  const attention = (at: string, name: string) => {
    norm(`${at}.layer_norm`)
    matrix(`${at}.${name}.q`, heads * d_kv, d, (d * d_kv) ** -0.5)
    matrix(`${at}.${name}.k`, heads * d_kv, d, d ** -0.5)
    matrix(`${at}.${name}.v`, heads * d_kv, d, d ** -0.5)
    matrix(`${at}.${name}.o`, d, heads * d_kv, (heads * d_kv) ** -0.5)
  }
  matrix('shared', config.vocab_size, d, 1, true)
  for (const side of sides) {
    for (let layer = 0; layer < layersOf(config, side); layer++) {
      const at = `${side}.block.${layer}.layer`
      attention(`${at}.0`, 'SelfAttention')
      if (side === 'decoder') attention(`${at}.1`, 'EncDecAttention')
      const inner = `${at}.${side === 'encoder' ? 1 : 2}`
      norm(`${inner}.layer_norm`)
      const ways = innerOf(config).gated ? ['wi_0', 'wi_1'] : ['wi']
      for (const way of ways) matrix(`${inner}.DenseReluDense.${way}`, d_ff, d, d ** -0.5)
      matrix(`${inner}.DenseReluDense.wo`, d, d_ff, d_ff ** -0.5)
    }
    const buckets = config.relative_attention_num_buckets
    matrix(`${side}.block.0.layer.0.SelfAttention.relative_attention_bias`, buckets, heads, d ** -0.5, true)
    norm(`${side}.final_layer_norm`)
  }
  if (isUntied(config)) {
    matrix('lm_head', config.vocab_size, d, 1, true)
    // transformers 5 leaves it out as long as it is still the embedding, whatever config.json says of the two.
    specs['lm_head.weight'] = { ...(specs['lm_head.weight'] as ParameterSpec), otherwise: 'shared.weight' }
  }
  return specs
}

function bucketsOf(config: T5Config, side: Side): RelativeBuckets {
  return {
    buckets: config.relative_attention_num_buckets,
    maxDistance: config.relative_attention_max_distance,
    bothWays: side === 'encoder',
  }
}

/** [buckets, heads] */
function distanceTable(params: Params, side: Side): tf.Tensor {
  return params.at(`${side}.block.0.layer.0.SelfAttention.relative_attention_bias`).get('weight')
}

/** [batch·length, d] */
function embed(config: T5Config, params: Params, inputIds: tf.Tensor, rng: Rng | null): tf.Tensor {
  return dropout(tf.gather(params.at('shared').get('weight'), tf.reshape(inputIds, [-1])), config.dropout_rate, rng)
}

function norm(config: T5Config, place: Params, x: tf.Tensor): tf.Tensor {
  return rmsNorm(place.at('layer_norm'), x, config.layer_norm_epsilon)
}

/** [rows·length, d] → [rows, heads, length, d_kv] */
function headsOf(config: T5Config, place: Params, x: tf.Tensor, rows: number, rng: Rng | null): tf.Tensor {
  return splitHeads(linearProduct(place, x, rng), rows, (x.shape[0] as number) / rows, config.num_heads)
}

/** x [batch·length, d] → the same, through the wide inner layer of `place` */
function mlp(config: T5Config, place: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const dense = place.at('DenseReluDense')
  const { gated, activation } = innerOf(config)
  const seen = norm(config, place, x)
  const way = (name: string) => linearProduct(dense.at(name), seen, rng)
  const inner = gated
    ? tf.mul(activated(way('wi_0'), activation), biased(way('wi_1')))
    : activated(way('wi'), activation)
  const projected = linearProduct(dense.at('wo'), dropout(inner, config.dropout_rate, rng), rng)
  return residual(x, projected, config.dropout_rate, rng)
}

type MixHeads = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => tf.Tensor

/** The half of a block in which tokens learn of each other. x [batch·length, d] → the same */
function selfAttention(
  config: T5Config,
  place: Params,
  x: tf.Tensor,
  batch: number,
  mix: MixHeads,
  rng: Rng | null,
): tf.Tensor {
  const attention = place.at('SelfAttention')
  const seen = norm(config, place, x)
  const heads = (part: string) => headsOf(config, attention.at(part), seen, batch, rng)
  return residual(x, joined(attention, mix(heads('q'), heads('k'), heads('v')), rng), config.dropout_rate, rng)
}

function joined(attention: Params, mixed: tf.Tensor, rng: Rng | null): Unbiased {
  return linearProduct(attention.at('o'), mergeHeads(mixed), rng)
}

function encode(
  config: T5Config,
  params: Params,
  { inputIds, attentionMask }: Pick<TokenBatch, 'inputIds' | 'attentionMask'>,
  rng: Rng | null,
): Memory {
  const [batch, length] = inputIds.shape as [number, number]
  const mask = paddingMask(attentionMask)
  const others = [relativeBias(distanceTable(params, 'encoder'), length, length, bucketsOf(config, 'encoder')), mask]
  let x = embed(config, params, inputIds, rng)
  for (let layer = 0; layer < config.num_layers; layer++) {
    const run = (block: Params, input: tf.Tensor, read: readonly tf.Tensor[], draws: Rng | null) => {
      const [bias, seen] = read as [tf.Tensor, tf.Tensor]
      const mix: MixHeads = (q, k, v) => attend(q, k, v, seen, config.dropout_rate, draws, { factor: 1, bias })
      const y = selfAttention(config, block.at('layer.0'), input, batch, mix, draws)
      return mlp(config, block.at('layer.1'), y, draws)
    }
    x = recomputed(params.at(`encoder.block.${layer}`), x, others, rng, run, 1)
  }
  const states = rmsNorm(params.at('encoder.final_layer_norm'), x, config.layer_norm_epsilon)
  return { states: dropout(states, config.dropout_rate, rng), mask }
}

/** A decoder's layer; `mix` weighs its own tokens, `read` is what it reads of the memory. */
function decoderBlock(
  config: T5Config,
  block: Params,
  x: tf.Tensor,
  batch: number,
  mix: MixHeads,
  { keys, values, mask }: CrossHeads & { mask: tf.Tensor },
  rng: Rng | null,
): tf.Tensor {
  const y = selfAttention(config, block.at('layer.0'), x, batch, mix, rng)
  const place = block.at('layer.1')
  const attention = place.at('EncDecAttention')
  const q = headsOf(config, attention.at('q'), norm(config, place, y), batch, rng)
  const read = attend(q, keys, values, mask, config.dropout_rate, rng, { factor: 1 })
  const z = residual(y, joined(attention, read, rng), config.dropout_rate, rng)
  return mlp(config, block.at('layer.2'), z, rng)
}

/** What a layer reads of the memory's states [batch·length, d]. */
function crossOf(config: T5Config, block: Params, states: tf.Tensor, batch: number, rng: Rng | null): CrossHeads {
  const attention = block.at('layer.1.EncDecAttention')
  const heads = (part: string) => headsOf(config, attention.at(part), states, batch, rng)
  return { keys: heads('k'), values: heads('v') }
}

/** The last norm, and the scale that a tied embedding wants. */
function finished(config: T5Config, params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const normed = rmsNorm(params.at('decoder.final_layer_norm'), x, config.layer_norm_epsilon)
  const kept = dropout(normed, config.dropout_rate, rng)
  return isUntied(config) ? kept : tf.mul(kept, config.d_model ** -0.5)
}

function decode(config: T5Config, params: Params, inputIds: tf.Tensor, memory: Memory, rng: Rng | null): tf.Tensor {
  const [batch, length] = inputIds.shape as [number, number]
  const distances = relativeBias(distanceTable(params, 'decoder'), length, length, bucketsOf(config, 'decoder'))
  const others = [memory.states, distances, memory.mask, causalMask(length, null)]
  let x = embed(config, params, inputIds, rng)
  for (let layer = 0; layer < layersOf(config, 'decoder'); layer++) {
    const run = (block: Params, input: tf.Tensor, read: readonly tf.Tensor[], draws: Rng | null) => {
      const [states, bias, mask, causal] = read as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
      const mix: MixHeads = (q, k, v) => attend(q, k, v, causal, config.dropout_rate, draws, { factor: 1, bias })
      const cross = { ...crossOf(config, block, states, batch, draws), mask }
      return decoderBlock(config, block, input, batch, mix, cross, draws)
    }
    x = recomputed(params.at(`decoder.block.${layer}`), x, others, rng, run, 2)
  }
  return finished(config, params, x, rng)
}

function crossHeads(config: T5Config, params: Params, { states, mask }: Memory): CrossHeads[] {
  return Array.from({ length: layersOf(config, 'decoder') }, (_, layer) =>
    crossOf(config, params.at(`decoder.block.${layer}`), states, mask.shape[0] as number, null),
  )
}

/** → [batch·length, d] */
function step(
  config: T5Config,
  params: Params,
  { inputIds, positionIds }: Pick<CausalBatch, 'inputIds' | 'positionIds'>,
  mix: Mix,
  { heads, mask }: { heads: readonly CrossHeads[]; mask: tf.Tensor },
): tf.Tensor {
  const [batch] = inputIds.shape as [number, number]
  // All layers share it.
  const known = new Map<number, tf.Tensor>()
  const bias = (keys: number): tf.Tensor => {
    const made =
      known.get(keys) ??
      relativeBiasAt(distanceTable(params, 'decoder'), positionIds, keys, bucketsOf(config, 'decoder'))
    known.set(keys, made)
    return made
  }
  const last = heads.reduce(
    (x, cross, layer) => {
      const mixed: MixHeads = (q, k, v) => mix(q, k, v, layer, { factor: 1, bias })
      return decoderBlock(config, params.at(`decoder.block.${layer}`), x, batch, mixed, { ...cross, mask }, null)
    },
    embed(config, params, inputIds, null),
  )
  return finished(config, params, last, null)
}

/** Null for what is no parameter: copies of the shared embedding, and distances that the first checkpoints stored in vain. */
function rename(name: string): string | null {
  if (name.endsWith('embed_tokens.weight') || name.includes('EncDecAttention.relative_attention_bias')) return null
  return name
}

/** Of the encoder; what the decoder has lies above it. */
function layerOf(name: string): number | null {
  const layer = /^encoder\.block\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return name.startsWith('shared.') ? -1 : null
}

/** Distances have no end, but settings do. */
const mostPositions = 4096

export const t5: Architecture<T5Config> = {
  modelType: 't5',
  parseConfig,
  describe: (config) => ({
    vocabSize: config.vocab_size,
    hiddenSize: config.d_model,
    layers: config.num_layers,
    heads: config.num_heads,
    headWidth: config.d_kv,
    maxPositions: mostPositions,
  }),
  layerOf,
  linearModules: ['q', 'k', 'v', 'o', 'wi', 'wi_0', 'wi_1', 'wo'],
  withDropout: (config, rate) => ({ ...config, dropout_rate: rate }),
  heads: {
    sequenceToSequence: {
      className: 'T5ForConditionalGeneration',
      parameters,
      rename,
      prefixes: [],
      describeDecoder: (config) => ({
        layers: layersOf(config, 'decoder'),
        heads: config.num_heads,
        headWidth: config.d_kv,
        maxPositions: mostPositions,
        startId: config.decoder_start_token_id,
      }),
      encode,
      decode,
      matrix: (config, params) => params.at(isUntied(config) ? 'lm_head' : 'shared').get('weight'),
      logitsBias: () => null,
      crossHeads,
      step,
    },
  },
}
