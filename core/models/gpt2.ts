/**
 * GPT-2: a Transformer decoder (Radford et al. 2019).
 * Reference implementation: transformers, models/gpt2/modeling_gpt2.py (GPT2LMHeadModel).
 * Unusual about it: layer norms stand before each half of a block (pre-norm) and once at the end, positions are learned,
 * linear layers are "Conv1D" (weights [in, out]), and the head is the word embedding itself.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { activationNamed, activationNames } from '../nn/activations.ts'
import { attend, causalMask, mergeHeads, splitParts } from '../nn/attention.ts'
import { dropout } from '../nn/dropout.ts'
import { lastTokens, placesOf } from '../nn/last-tokens.ts'
import { activated, conv1dProduct, linear, type Unbiased } from '../nn/linear.ts'
import { layerNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { recomputed } from '../nn/recompute.ts'
import { residual } from '../nn/residual.ts'
import type { Architecture, CausalBatch, ParameterSpec } from './architecture.ts'

const size = z.number().int().positive()
const probability = z.number().min(0).max(1)

/** The fields of config.json that the computation depends on, under their own names. */
export const gpt2ConfigSchema = z.object({
  model_type: z.literal('gpt2'),
  vocab_size: size,
  n_positions: size,
  n_embd: size,
  n_layer: size,
  n_head: size,
  /** Null or absent: 4·n_embd. */
  n_inner: size.nullable().default(null),
  activation_function: z.string().default('gelu_new'),
  resid_pdrop: probability.default(0.1),
  embd_pdrop: probability.default(0.1),
  attn_pdrop: probability.default(0.1),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  initializer_range: z.number().positive().default(0.02),
  tie_word_embeddings: z.boolean().default(true),
  scale_attn_weights: z.literal(true).default(true),
  scale_attn_by_inverse_layer_idx: z.literal(false).default(false),
  reorder_and_upcast_attn: z.literal(false).default(false),
  add_cross_attention: z.literal(false).default(false),
})
export type Gpt2Config = z.output<typeof gpt2ConfigSchema>

function parseConfig(json: unknown): Gpt2Config {
  const parsed = gpt2ConfigSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a GPT-2 that Attune can run.`,
    )
  }
  checkConfig(parsed.data)
  return parsed.data
}

/** Throws AttuneError: bad_file (sizes that do not fit together), unsupported (an activation that is not known). */
export function checkConfig(config: Pick<Gpt2Config, 'n_embd' | 'n_head' | 'activation_function'>): void {
  if (config.n_embd % config.n_head !== 0) {
    throw new AttuneError('bad_file', `config.json: n_embd ${config.n_embd} is no multiple of n_head ${config.n_head}.`)
  }
  if (!activationNamed(config.activation_function)) {
    throw new AttuneError(
      'unsupported',
      `config.json: activation_function "${config.activation_function}" is not known; known are ${activationNames.join(', ')}.`,
    )
  }
}

/** What the blocks of GPT-2 depend on, whatever is read by them and stands on them. */
export type BlocksConfig = Pick<
  Gpt2Config,
  | 'n_embd'
  | 'n_layer'
  | 'n_head'
  | 'n_inner'
  | 'activation_function'
  | 'resid_pdrop'
  | 'attn_pdrop'
  | 'layer_norm_epsilon'
  | 'initializer_range'
>

/** All parameters of GPT2LMHeadModel; a tied head has none of its own. */
function parameters(config: Gpt2Config): Record<string, ParameterSpec> {
  const { n_embd: d, initializer_range: stddev } = config
  const table = (rows: number): ParameterSpec => {
    return { shape: [rows, d], dtype: 'float32', init: { kind: 'normal', stddev }, matrix: 'table' }
  }
  return {
    'transformer.wte.weight': table(config.vocab_size),
    'transformer.wpe.weight': table(config.n_positions),
    ...blockParameters(config, 'transformer'),
    ...(!config.tie_word_embeddings && { 'lm_head.weight': table(config.vocab_size) }),
  }
}

/** All parameters of GPT2ForSequenceClassification. */
function classifierParameters(config: Gpt2Config, labels: number): Record<string, ParameterSpec> {
  const { n_embd: d, initializer_range: stddev } = config
  return {
    ...parameters({ ...config, tie_word_embeddings: true }),
    'score.weight': { shape: [labels, d], dtype: 'float32', init: { kind: 'normal', stddev } },
  }
}

/** Those of the blocks and of the norm behind them, below `trunk`. */
export function blockParameters(config: BlocksConfig, trunk: string): Record<string, ParameterSpec> {
  const { n_embd: d, n_layer: layers, initializer_range: stddev } = config
  const inner = config.n_inner ?? 4 * d
  const specs: Record<string, ParameterSpec> = {}
  const vector = (name: string, length: number, kind: 'zeros' | 'ones') => {
    specs[name] = { shape: [length], dtype: 'float32', init: { kind } }
  }
  const dense = (name: string, width: number, out: number, spread = stddev) => {
    const init = { kind: 'normal', stddev: spread } as const
    specs[`${name}.weight`] = { shape: [width, out], dtype: 'float32', init, matrix: 'conv1d' }
    vector(`${name}.bias`, out, 'zeros')
  }
  const norm = (name: string) => {
    vector(`${name}.weight`, d, 'ones')
    vector(`${name}.bias`, d, 'zeros')
  }
  // What adds to the residual stream begins smaller, the more of it there is.
  const residual = stddev / Math.sqrt(2 * layers)
  for (let layer = 0; layer < layers; layer++) {
    const at = `${trunk}.h.${layer}`
    norm(`${at}.ln_1`)
    dense(`${at}.attn.c_attn`, d, 3 * d)
    dense(`${at}.attn.c_proj`, d, d, residual)
    norm(`${at}.ln_2`)
    dense(`${at}.mlp.c_fc`, d, inner)
    dense(`${at}.mlp.c_proj`, inner, d, residual)
  }
  norm(`${trunk}.ln_f`)
  return specs
}

/** Query, key and value, each [batch, heads, length, d/heads]. */
type Heads = [tf.Tensor, tf.Tensor, tf.Tensor]

type Tokens = Pick<CausalBatch, 'inputIds' | 'positionIds'>

/** Word and position, summed. → [batch·length, d] */
function embed(config: Gpt2Config, params: Params, { inputIds, positionIds }: Tokens, rng: Rng | null): tf.Tensor {
  const look = (table: string, ids: tf.Tensor) => tf.gather(params.at(table).get('weight'), tf.reshape(ids, [-1]))
  return dropout(tf.add(look('wte', inputIds), look('wpe', positionIds)), config.embd_pdrop, rng)
}

/** x [batch·length, d] → [batch·length, d], the bias still to be added */
function attention(
  config: BlocksConfig,
  params: Params,
  x: tf.Tensor,
  batch: number,
  mix: (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => tf.Tensor,
  rng: Rng | null,
): Unbiased {
  const length = (x.shape[0] as number) / batch
  const [q, k, v] = splitParts(conv1dProduct(params.at('c_attn'), x, rng), 3, batch, length, config.n_head) as Heads
  return conv1dProduct(params.at('c_proj'), mergeHeads(mix(q, k, v)), rng)
}

/** x [batch·length, d] → [batch·length, d], through the wide inner layer; the bias still to be added */
function mlp(config: BlocksConfig, params: Params, x: tf.Tensor, rng: Rng | null): Unbiased {
  return conv1dProduct(
    params.at('c_proj'),
    activated(conv1dProduct(params.at('c_fc'), x, rng), config.activation_function),
    rng,
  )
}

/** A mix that is told what of `others` it may read, and where its dropout comes from. */
export type DrawingMix = (
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  layer: number,
  others: readonly tf.Tensor[],
  rng: Rng | null,
) => tf.Tensor

/** Word and position through all blocks → [batch·length, d], with whatever `mix` does in each layer. */
function transform(
  config: Gpt2Config,
  params: Params,
  tokens: Tokens,
  mix: DrawingMix,
  rng: Rng | null,
  others: readonly tf.Tensor[] = [],
): tf.Tensor {
  const [batch] = tokens.inputIds.shape as [number, number]
  const trunk = params.at('transformer')
  return blocks(config, trunk, embed(config, trunk, tokens, rng), batch, mix, rng, others)
}

/**
 * The blocks and the norm behind them: x [batch·length, d] → [batch·length, d]. `trunk` is where they lie, `others` what
 * `mix` may read.
 */
export function blocks(
  config: BlocksConfig,
  trunk: Params,
  x: tf.Tensor,
  batch: number,
  mix: DrawingMix,
  rng: Rng | null,
  others: readonly tf.Tensor[] = [],
): tf.Tensor {
  const norm = (place: Params, z: tf.Tensor) => layerNorm(place, z, config.layer_norm_epsilon)
  let stream = x
  for (let layer = 0; layer < config.n_layer; layer++) {
    stream = recomputed(trunk.at(`h.${layer}`), stream, others, rng, (block, input, read, draws) => {
      const mixed = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => mix(q, k, v, layer, read, draws)
      const attended = attention(config, block.at('attn'), norm(block.at('ln_1'), input), batch, mixed, draws)
      const y = residual(input, attended, config.resid_pdrop, draws)
      return residual(y, mlp(config, block.at('mlp'), norm(block.at('ln_2'), y), draws), config.resid_pdrop, draws)
    })
  }
  return norm(trunk.at('ln_f'), stream)
}

/** A mix by which positions see each other through the first of `others`, an additive mask. */
export function masked({ attn_pdrop }: BlocksConfig): DrawingMix {
  return (q, k, v, _layer, [seen], draws) => attend(q, k, v, seen as tf.Tensor, attn_pdrop, draws)
}

function hidden(config: Gpt2Config, params: Params, batch: CausalBatch, rng: Rng | null): tf.Tensor {
  const [, length] = batch.inputIds.shape as [number, number]
  const mask = causalMask(length, batch.segmentIds)
  return transform(config, params, batch, masked(config), rng, [mask])
}

/**
 * Checkpoints of the bare decoder (the original ones among them) lack the "transformer." in front. Null for what is no
 * parameter: the causal masks that old checkpoints store.
 */
function rename(name: string): string | null {
  if (/\.attn\.(masked_)?bias$/.test(name)) return null
  return /^(?:transformer|lm_head|score)\./.test(name) ? name : `transformer.${name}`
}

function layerOf(name: string): number | null {
  const layer = /(?:^|\.)h\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return /(?:^|\.)w[tp]e\./.test(name) ? -1 : null
}

export const gpt2: Architecture<Gpt2Config> = {
  modelType: 'gpt2',
  parseConfig,
  describe: (config) => ({
    vocabSize: config.vocab_size,
    hiddenSize: config.n_embd,
    layers: config.n_layer,
    heads: config.n_head,
    maxPositions: config.n_positions,
  }),
  layerOf,
  linearModules: ['c_attn', 'attn.c_proj', 'c_fc', 'mlp.c_proj'],
  withDropout: (config, rate) => ({ ...config, resid_pdrop: rate, embd_pdrop: rate, attn_pdrop: rate }),
  heads: {
    classifier: {
      className: 'GPT2ForSequenceClassification',
      parameters: classifierParameters,
      rename,
      prefixes: ['score.'],
      pooled(config, params, { inputIds, attentionMask }, rng) {
        const batch = { inputIds, positionIds: placesOf(inputIds), segmentIds: null }
        return lastTokens(hidden(config, params, batch, rng), attentionMask)
      },
      logits: (_config, params, pooled, rng) => linear(params.at('score'), pooled, rng),
    },
    languageModel: {
      className: 'GPT2LMHeadModel',
      parameters,
      rename,
      prefixes: [],
      hidden,
      matrix: (config, params) => params.at(config.tie_word_embeddings ? 'transformer.wte' : 'lm_head').get('weight'),
      transform: (config, params, tokens, mix) =>
        transform(config, params, tokens, (q, k, v, layer) => mix(q, k, v, layer), null),
    },
  },
}
