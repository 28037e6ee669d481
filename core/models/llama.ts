/**
 * Llama: a Transformer decoder (Touvron et al. 2023), and those laid out like it: Mistral, Qwen2, Qwen3, SmolLM.
 * Reference implementation: transformers, models/llama/modeling_llama.py (LlamaForCausalLM).
 * Unusual about it: positions are turns of queries and keys (RoPE), norms have neither mean nor bias (RMSNorm), several
 * query heads share one key and value head (grouped-query attention), and the inner layer is gated (SwiGLU).
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { activationNamed, activationNames } from '../nn/activations.ts'
import { attend, causalMask, mergeHeads, repeatHeads, splitHeads } from '../nn/attention.ts'
import { lastTokens, placesOf } from '../nn/last-tokens.ts'
import { biased, linear, linearProduct, type Unbiased } from '../nn/linear.ts'
import { rmsNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { recomputed } from '../nn/recompute.ts'
import { residual } from '../nn/residual.ts'
import { type RopeOptions, rotate, type Turns, turnsAt } from '../nn/rope.ts'
import type { Architecture, CausalBatch, ParameterSpec } from './architecture.ts'

const size = z.number().int().positive()
const probability = z.number().min(0).max(1)

const scalingSchema = z.union([
  z.object({ rope_type: z.literal('default') }),
  z.object({ rope_type: z.literal('linear'), factor: z.number().positive() }),
  z.object({
    rope_type: z.literal('llama3'),
    factor: z.number().positive(),
    low_freq_factor: z.number().positive(),
    high_freq_factor: z.number().positive(),
    original_max_position_embeddings: size,
  }),
])

/** The fields of config.json that the computation depends on, under their own names. */
const configSchema = z.object({
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  /** Null or absent: as many as there are query heads. */
  num_key_value_heads: size.nullable().default(null),
  /** Null or absent: hidden_size / num_attention_heads. */
  head_dim: size.nullable().default(null),
  hidden_act: z.string().default('silu'),
  max_position_embeddings: size.default(2048),
  initializer_range: z.number().positive().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  rope_theta: z.number().positive().default(10_000),
  rope_scaling: scalingSchema.nullable().default(null),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  attention_dropout: probability.default(0),
  use_sliding_window: z.literal(false).default(false),
})
type LlamaConfig = z.output<typeof configSchema>

/** How the relatives differ from Llama. */
interface Relative {
  readonly modelType: string
  readonly className: string
  /** Biases of query, key and value whatever attention_bias says, and none of the output. */
  readonly inputBias?: boolean
  /** Queries and keys are normalised, each head by itself. */
  readonly headNorms?: boolean
}

/** The newest transformers write rope_theta and rope_scaling as one object, rope_parameters. */
function withRope(json: unknown): unknown {
  const { rope_parameters: parameters, ...rest } = (json ?? {}) as Record<string, unknown>
  if (typeof parameters !== 'object' || parameters === null) return rest
  const { rope_theta: theta, ...scaling } = parameters as Record<string, unknown>
  return { ...rest, ...(theta !== undefined && { rope_theta: theta }), rope_scaling: scaling }
}

function parseConfig({ modelType }: Relative, json: unknown): LlamaConfig {
  const parsed = configSchema.safeParse(withRope(json))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a model of type "${modelType}" that Attune can run.`,
    )
  }
  const config = parsed.data
  const { heads, groups, width } = headsOf(config)
  if (heads % groups !== 0) {
    const message = `config.json: num_attention_heads ${heads} is no multiple of num_key_value_heads ${groups}.`
    throw new AttuneError('bad_file', message)
  }
  if (width % 2 !== 0 || !Number.isInteger(width)) {
    throw new AttuneError('bad_file', `config.json: a head has ${width} numbers; they must come in pairs.`)
  }
  if (!activationNamed(config.hidden_act)) {
    throw new AttuneError(
      'unsupported',
      `config.json: hidden_act "${config.hidden_act}" is not known; known are ${activationNames.join(', ')}.`,
    )
  }
  return config
}

/** Query heads, key and value heads, and the numbers of each. */
function headsOf(config: LlamaConfig): { heads: number; groups: number; width: number } {
  const { num_attention_heads: heads } = config
  return {
    heads,
    groups: config.num_key_value_heads ?? heads,
    width: config.head_dim ?? config.hidden_size / heads,
  }
}

function ropeOf({ rope_theta: base, rope_scaling: scaling }: LlamaConfig): RopeOptions {
  if (scaling === null || scaling.rope_type === 'default') return { base, scaling: null }
  if (scaling.rope_type === 'linear') return { base, scaling: { kind: 'linear', factor: scaling.factor } }
  return {
    base,
    scaling: {
      kind: 'llama3',
      factor: scaling.factor,
      lowFactor: scaling.low_freq_factor,
      highFactor: scaling.high_freq_factor,
      original: scaling.original_max_position_embeddings,
    },
  }
}

/** All parameters of the model with its language head; a tied head has none of its own. */
function parameters(relative: Relative, config: LlamaConfig): Record<string, ParameterSpec> {
  const { hidden_size: d, intermediate_size: inner, initializer_range: stddev } = config
  const { heads, groups, width } = headsOf(config)
  const specs: Record<string, ParameterSpec> = {}
  const matrix = (name: string, out: number, columns: number, bias: boolean) => {
    specs[`${name}.weight`] = { shape: [out, columns], dtype: 'float32', init: { kind: 'normal', stddev } }
    if (bias) specs[`${name}.bias`] = { shape: [out], dtype: 'float32', init: { kind: 'zeros' } }
  }
  const table = (name: string) => {
    const shape = [config.vocab_size, d]
    specs[`${name}.weight`] = { shape, dtype: 'float32', init: { kind: 'normal', stddev }, matrix: 'table' }
  }
  const norm = (name: string, length: number) => {
    specs[`${name}.weight`] = { shape: [length], dtype: 'float32', init: { kind: 'ones' } }
  }
  const inputBias = relative.inputBias ?? config.attention_bias
  table('model.embed_tokens')
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`
    norm(`${at}.input_layernorm`, d)
    matrix(`${at}.self_attn.q_proj`, heads * width, d, inputBias)
    matrix(`${at}.self_attn.k_proj`, groups * width, d, inputBias)
    matrix(`${at}.self_attn.v_proj`, groups * width, d, inputBias)
    matrix(`${at}.self_attn.o_proj`, d, heads * width, relative.inputBias ? false : config.attention_bias)
    if (relative.headNorms) {
      norm(`${at}.self_attn.q_norm`, width)
      norm(`${at}.self_attn.k_norm`, width)
    }
    norm(`${at}.post_attention_layernorm`, d)
    matrix(`${at}.mlp.gate_proj`, inner, d, config.mlp_bias)
    matrix(`${at}.mlp.up_proj`, inner, d, config.mlp_bias)
    matrix(`${at}.mlp.down_proj`, d, inner, config.mlp_bias)
  }
  norm('model.norm', d)
  if (!config.tie_word_embeddings) table('lm_head')
  return specs
}

/** x [batch·length, d] → [batch·length, d] */
function attention(
  config: LlamaConfig,
  params: Params,
  x: tf.Tensor,
  turns: Turns,
  mix: (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => tf.Tensor,
  rng: Rng | null,
): Unbiased {
  const { heads, groups } = headsOf(config)
  const [batch, , length] = turns.cos.shape as [number, number, number]
  const head = (name: string, count: number) => splitHeads(linearProduct(params.at(name), x, rng), batch, length, count)
  const turned = (name: string, norm: string, count: number) => {
    const split = head(name, count)
    const place = params.at(norm)
    return rotate(place.has('weight') ? rmsNorm(place, split, config.rms_norm_eps) : split, turns)
  }
  const q = turned('q_proj', 'q_norm', heads)
  const k = repeatHeads(turned('k_proj', 'k_norm', groups), heads / groups)
  const v = repeatHeads(head('v_proj', groups), heads / groups)
  return linearProduct(params.at('o_proj'), mergeHeads(mix(q, k, v)), rng)
}

/** x [batch·length, d] → [batch·length, d]: one half of the wide inner layer opens and shuts the other. */
function mlp(config: LlamaConfig, params: Params, x: tf.Tensor, rng: Rng | null): Unbiased {
  const activation = activationNamed(config.hidden_act) as (x: tf.Tensor) => tf.Tensor
  const gate = activation(biased(linearProduct(params.at('gate_proj'), x, rng)))
  const up = biased(linearProduct(params.at('up_proj'), x, rng))
  return linearProduct(params.at('down_proj'), tf.mul(gate, up), rng)
}

type Tokens = Pick<CausalBatch, 'inputIds' | 'positionIds'>

/** A mix that is told what of `others` it may read, and where its dropout comes from. */
type DrawingMix = (
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  layer: number,
  others: readonly tf.Tensor[],
  rng: Rng | null,
) => tf.Tensor

/** The last layer's output [batch·length, d] with whatever `mix` does in each layer. */
function transform(
  config: LlamaConfig,
  params: Params,
  { inputIds, positionIds }: Tokens,
  mix: DrawingMix,
  rng: Rng | null,
  others: readonly tf.Tensor[] = [],
): tf.Tensor {
  const body = params.at('model')
  const norm = (place: Params, x: tf.Tensor) => rmsNorm(place, x, config.rms_norm_eps)
  const { cos, sin } = turnsAt(positionIds, headsOf(config).width, ropeOf(config))
  let x: tf.Tensor = tf.gather(body.at('embed_tokens').get('weight'), tf.reshape(inputIds, [-1]))
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    x = recomputed(body.at(`layers.${layer}`), x, [cos, sin, ...others], rng, (block, input, read, draws) => {
      const [c, s, ...rest] = read as [tf.Tensor, tf.Tensor, ...tf.Tensor[]]
      const mixed = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => mix(q, k, v, layer, rest, draws)
      const seen = norm(block.at('input_layernorm'), input)
      const y = residual(
        input,
        attention(config, block.at('self_attn'), seen, { cos: c, sin: s }, mixed, draws),
        0,
        null,
      )
      return residual(y, mlp(config, block.at('mlp'), norm(block.at('post_attention_layernorm'), y), draws), 0, null)
    })
  }
  return norm(body.at('norm'), x)
}

function hidden(config: LlamaConfig, params: Params, batch: CausalBatch, rng: Rng | null): tf.Tensor {
  const [, length] = batch.inputIds.shape as [number, number]
  const mix: DrawingMix = (q, k, v, _layer, [seen], draws) =>
    attend(q, k, v, seen as tf.Tensor, config.attention_dropout, draws)
  return transform(config, params, batch, mix, rng, [causalMask(length, batch.segmentIds)])
}

/** Checkpoints of the bare decoder lack the "model." in front. Null for what is no parameter: the frequencies of old ones. */
function rename(name: string): string | null {
  if (name.endsWith('rotary_emb.inv_freq')) return null
  return /^(?:model|lm_head|score)\./.test(name) ? name : `model.${name}`
}

function layerOf(name: string): number | null {
  const layer = /(?:^|\.)layers\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return /(?:^|\.)embed_tokens\./.test(name) ? -1 : null
}

function architecture(relative: Relative): Architecture<LlamaConfig> {
  return {
    modelType: relative.modelType,
    parseConfig: (json) => parseConfig(relative, json),
    describe: (config) => ({
      vocabSize: config.vocab_size,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      headWidth: headsOf(config).width,
      maxPositions: config.max_position_embeddings,
    }),
    layerOf,
    linearModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    withDropout: (config, rate) => ({ ...config, attention_dropout: rate }),
    heads: {
      classifier: {
        className: relative.className.replace('ForCausalLM', 'ForSequenceClassification'),
        parameters: (config, labels) => ({
          ...parameters(relative, { ...config, tie_word_embeddings: true }),
          'score.weight': {
            shape: [labels, config.hidden_size],
            dtype: 'float32',
            init: { kind: 'normal', stddev: config.initializer_range },
          },
        }),
        rename,
        prefixes: ['score.'],
        pooled(config, params, { inputIds, attentionMask }, rng) {
          const batch = { inputIds, positionIds: placesOf(inputIds), segmentIds: null }
          return lastTokens(hidden(config, params, batch, rng), attentionMask)
        },
        logits: (_config, params, pooled, rng) => linear(params.at('score'), pooled, rng),
      },
      languageModel: {
        className: relative.className,
        parameters: (config) => parameters(relative, config),
        rename,
        prefixes: [],
        hidden,
        matrix: (config, params) =>
          (config.tie_word_embeddings ? params.at('model.embed_tokens') : params.at('lm_head')).get('weight'),
        transform: (config, params, tokens, mix) =>
          transform(config, params, tokens, (q, k, v, layer) => mix(q, k, v, layer), null),
      },
    },
  }
}

export const llama = architecture({ modelType: 'llama', className: 'LlamaForCausalLM' })
export const mistral = architecture({ modelType: 'mistral', className: 'MistralForCausalLM' })
export const qwen2 = architecture({ modelType: 'qwen2', className: 'Qwen2ForCausalLM', inputBias: true })
export const qwen3 = architecture({ modelType: 'qwen3', className: 'Qwen3ForCausalLM', headNorms: true })
