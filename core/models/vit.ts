/**
 * ViT: a Transformer encoder over the patches of an image (Dosovitskiy et al. 2020).
 * Reference implementation: transformers, models/vit/modeling_vit.py.
 * Unusual about it: the convolution that embeds patches has kernel and stride of one patch, so it is a product over
 * flattened patches; layer norms stand before each half of a block (pre-norm); the head reads a learned first token.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { activationNamed, activationNames } from '../nn/activations.ts'
import { attend, mergeHeads, splitHeads } from '../nn/attention.ts'
import { dropout } from '../nn/dropout.ts'
import { activated, linear, linearProduct } from '../nn/linear.ts'
import { layerNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { recomputed } from '../nn/recompute.ts'
import { residual } from '../nn/residual.ts'
import type { Architecture, ImageBatch, ParameterSpec } from './architecture.ts'

const size = z.number().int().positive()
const probability = z.number().min(0).max(1)

/** The fields of config.json that the computation depends on, under their own names. */
export const vitConfigSchema = z.object({
  model_type: z.literal('vit'),
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  /** Of a square, in pixels. */
  image_size: size.default(224),
  patch_size: size.default(16),
  num_channels: z.union([z.literal(1), z.literal(3)]).default(3),
  qkv_bias: z.boolean().default(true),
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_dropout_prob: probability.default(0),
  attention_probs_dropout_prob: probability.default(0),
  initializer_range: z.number().positive().default(0.02),
})
export type ViTConfig = z.output<typeof vitConfigSchema>

function parseConfig(json: unknown): ViTConfig {
  const parsed = vitConfigSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a ViT that Attune can run.`,
    )
  }
  checkConfig(parsed.data)
  return parsed.data
}

/** Throws AttuneError: bad_file (sizes that do not fit together), unsupported (an activation that is not known). */
export function checkConfig(config: ViTConfig): void {
  const multiple = (large: 'hidden_size' | 'image_size', small: 'num_attention_heads' | 'patch_size') => {
    if (config[large] % config[small] === 0) return
    const message = `config.json: ${large} ${config[large]} is no multiple of ${small} ${config[small]}.`
    throw new AttuneError('bad_file', message)
  }
  multiple('hidden_size', 'num_attention_heads')
  multiple('image_size', 'patch_size')
  if (!activationNamed(config.hidden_act)) {
    throw new AttuneError(
      'unsupported',
      `config.json: hidden_act "${config.hidden_act}" is not known; known are ${activationNames.join(', ')}.`,
    )
  }
}

/** Patches of an image, and the first token. */
export function positionsOf({ image_size: image, patch_size: patch }: ViTConfig): number {
  return (image / patch) ** 2 + 1
}

function parameters(config: ViTConfig, labels: number): Record<string, ParameterSpec> {
  const { hidden_size: d, initializer_range: stddev } = config
  return {
    ...trunkParameters(config, 'vit'),
    'classifier.weight': { shape: [labels, d], dtype: 'float32', init: { kind: 'normal', stddev } },
    'classifier.bias': { shape: [labels], dtype: 'float32', init: { kind: 'zeros' } },
  }
}

/** Those of the encoder, below `trunk`. */
export function trunkParameters(config: ViTConfig, trunk: string): Record<string, ParameterSpec> {
  const { hidden_size: d, intermediate_size: inner, patch_size: patch, initializer_range: stddev } = config
  const specs: Record<string, ParameterSpec> = {}
  const normal = (name: string, shape: number[]) => {
    specs[name] = { shape, dtype: 'float32', init: { kind: 'normal', stddev } }
  }
  const vector = (name: string, length: number, kind: 'zeros' | 'ones') => {
    specs[name] = { shape: [length], dtype: 'float32', init: { kind } }
  }
  const dense = (name: string, out: number, width: number, bias = true) => {
    normal(`${name}.weight`, [out, width])
    if (bias) vector(`${name}.bias`, out, 'zeros')
  }
  const norm = (name: string) => {
    vector(`${name}.weight`, d, 'ones')
    vector(`${name}.bias`, d, 'zeros')
  }
  normal(`${trunk}.embeddings.cls_token`, [1, 1, d])
  normal(`${trunk}.embeddings.position_embeddings`, [1, positionsOf(config), d])
  normal(`${trunk}.embeddings.patch_embeddings.projection.weight`, [d, config.num_channels, patch, patch])
  vector(`${trunk}.embeddings.patch_embeddings.projection.bias`, d, 'zeros')
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `${trunk}.encoder.layer.${layer}`
    for (const part of ['query', 'key', 'value']) dense(`${at}.attention.attention.${part}`, d, d, config.qkv_bias)
    dense(`${at}.attention.output.dense`, d, d)
    dense(`${at}.intermediate.dense`, inner, d)
    dense(`${at}.output.dense`, d, inner)
    norm(`${at}.layernorm_before`)
    norm(`${at}.layernorm_after`)
  }
  norm(`${trunk}.layernorm`)
  return specs
}

/** pixels [batch, channels, image, image] → flattened patches, row by row: [batch·patches, channels·patch·patch] */
function patchesOf(config: ViTConfig, pixels: tf.Tensor): tf.Tensor {
  const { num_channels: channels, patch_size: patch, image_size: image } = config
  const [batch] = pixels.shape as [number, number, number, number]
  const side = image / patch
  // One transpose of six axes, the channels taken with the batch first: [batch, channels, row, y, column, x].
  const apart = tf.reshape(pixels, [batch, channels, side, patch, side, patch])
  return tf.reshape(tf.transpose(apart, [0, 2, 4, 1, 3, 5]), [batch * side * side, channels * patch * patch])
}

/** → [batch·(patches + 1), d] */
function embed(config: ViTConfig, params: Params, pixels: tf.Tensor, rng: Rng | null): tf.Tensor {
  const d = config.hidden_size
  const [batch] = pixels.shape as [number, number, number, number]
  const projection = params.at('patch_embeddings.projection')
  const kernel = tf.reshape(projection.get('weight'), [d, -1])
  const product = tf.matMul(patchesOf(config, pixels) as tf.Tensor2D, kernel as tf.Tensor2D, false, true)
  const patches = tf.reshape(tf.add(product, projection.get('bias')), [batch, -1, d])
  const first = tf.tile(params.get('cls_token'), [batch, 1, 1])
  const placed = tf.add(tf.concat([first, patches], 1), params.get('position_embeddings'))
  return dropout(tf.reshape(placed, [-1, d]), config.hidden_dropout_prob, rng)
}

/** x [batch·length, d] → the same; all patches see each other. */
function block(config: ViTConfig, params: Params, x: tf.Tensor, mask: tf.Tensor, rng: Rng | null): tf.Tensor {
  const { layer_norm_eps: epsilon, hidden_dropout_prob: rate, num_attention_heads: heads } = config
  const length = positionsOf(config)
  const batch = (x.shape[0] as number) / length
  const seen = layerNorm(params.at('layernorm_before'), x, epsilon)
  const part = (name: string) =>
    splitHeads(linearProduct(params.at(`attention.attention.${name}`), seen, rng), batch, length, heads)
  const mixed = mergeHeads(
    attend(part('query'), part('key'), part('value'), mask, config.attention_probs_dropout_prob, rng),
  )
  const y = residual(x, linearProduct(params.at('attention.output.dense'), mixed, rng), rate, rng)
  const normed = layerNorm(params.at('layernorm_after'), y, epsilon)
  const inner = activated(linearProduct(params.at('intermediate.dense'), normed, rng), config.hidden_act)
  return residual(y, linearProduct(params.at('output.dense'), inner, rng), rate, rng)
}

/** The last layer's tokens before the last norm, the first and the patches: [batch·positions, d]. */
function encode(config: ViTConfig, trunk: Params, pixels: tf.Tensor, rng: Rng | null): tf.Tensor {
  const length = positionsOf(config)
  // Nothing is hidden; with a mask of four axes, attention takes its fused way.
  const mask = tf.zeros([1, 1, 1, length])
  let x = embed(config, trunk.at('embeddings'), pixels, rng)
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    x = recomputed(trunk.at(`encoder.layer.${layer}`), x, [mask], rng, (params, input, [seen], draws) =>
      block(config, params, input, seen as tf.Tensor, draws),
    )
  }
  return x
}

/** What there is to say of an image, token by token, normed: [batch·positions, d]. */
export function imageTokens(config: ViTConfig, trunk: Params, pixels: tf.Tensor, rng: Rng | null): tf.Tensor {
  return layerNorm(trunk.at('layernorm'), encode(config, trunk, pixels, rng), config.layer_norm_eps)
}

/** The first token of the last layer, normed: [batch, d]. */
function pooled(config: ViTConfig, params: Params, { pixels }: ImageBatch, rng: Rng | null): tf.Tensor {
  const vit = params.at('vit')
  const [batch] = pixels.shape as [number, number, number, number]
  const tokens = tf.reshape(encode(config, vit, pixels, rng), [batch, positionsOf(config), -1])
  const first = tf.slice(tokens, [0, 0, 0], [batch, 1, -1])
  return layerNorm(vit.at('layernorm'), tf.reshape(first, [batch, -1]), config.layer_norm_eps)
}

/** Checkpoints of the bare encoder lack the "vit." in front, and have a pooler that classification does without. */
function rename(name: string): string | null {
  if (/(?:^|\.)pooler\.|mask_token$|^decoder\./.test(name)) return null
  return name.startsWith('vit.') || name.startsWith('classifier.') ? name : `vit.${name}`
}

function layerOf(name: string): number | null {
  const layer = /(?:^|\.)encoder\.layer\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return /(?:^|\.)embeddings\./.test(name) ? -1 : null
}

export const vit: Architecture<ViTConfig> = {
  modelType: 'vit',
  parseConfig,
  describe: (config) => ({
    vocabSize: 0,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    // A picture has as many as it has, whatever max_length says.
    maxPositions: 0,
  }),
  layerOf,
  linearModules: ['query', 'key', 'value', 'attention.output.dense', 'intermediate.dense', 'output.dense'],
  withDropout: (config, rate) => ({ ...config, hidden_dropout_prob: rate, attention_probs_dropout_prob: rate }),
  heads: {
    imageClassifier: {
      className: 'ViTForImageClassification',
      parameters,
      rename,
      prefixes: ['classifier.'],
      sees: ({ num_channels: channels, image_size: side }) => ({ channels, height: side, width: side }),
      pooled,
      logits: (_config, params, x, rng) => linear(params.at('classifier'), x, rng),
    },
  },
}
