/**
 * BERT: a bidirectional Transformer encoder (Devlin et al. 2018).
 * Reference implementation: transformers, models/bert/modeling_bert.py.
 * Unusual about it: layer norms stand after each residual sum (post-norm), positions are learned, and the
 * classification head reads the first token through a tanh "pooler".
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { activationNamed, activationNames } from '../nn/activations.ts'
import { attend, mergeHeads, paddingMask, splitHeads } from '../nn/attention.ts'
import { dropout } from '../nn/dropout.ts'
import { activated, linear, linearProduct } from '../nn/linear.ts'
import { layerNorm, residualNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { recomputed } from '../nn/recompute.ts'
import type { Architecture, ParameterSpec, TokenBatch } from './architecture.ts'

const size = z.number().int().positive()
const probability = z.number().min(0).max(1)

/** The fields of config.json that the computation depends on, under their own names. */
const configSchema = z.object({
  model_type: z.literal('bert'),
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  max_position_embeddings: size,
  type_vocab_size: size.default(2),
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_dropout_prob: probability.default(0.1),
  attention_probs_dropout_prob: probability.default(0.1),
  /** Null or absent: hidden_dropout_prob. */
  classifier_dropout: probability.nullable().default(null),
  initializer_range: z.number().positive().default(0.02),
  position_embedding_type: z.literal('absolute').default('absolute'),
})
export type BertConfig = z.output<typeof configSchema>

function parseConfig(json: unknown): BertConfig {
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a BERT that Attune can run.`,
    )
  }
  const config = parsed.data
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new AttuneError(
      'bad_file',
      `config.json: hidden_size ${config.hidden_size} is no multiple of num_attention_heads ${config.num_attention_heads}.`,
    )
  }
  if (!activationNamed(config.hidden_act)) {
    throw new AttuneError(
      'unsupported',
      `config.json: hidden_act "${config.hidden_act}" is not known; known are ${activationNames.join(', ')}.`,
    )
  }
  return config
}

function parameters(config: BertConfig, labels: number): Record<string, ParameterSpec> {
  const { hidden_size: d, intermediate_size: inner, initializer_range: stddev } = config
  const specs: Record<string, ParameterSpec> = {}
  const table = (name: string, rows: number) => {
    specs[name] = { shape: [rows, d], dtype: 'float32', init: { kind: 'normal', stddev }, matrix: 'table' }
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
  table('bert.embeddings.word_embeddings.weight', config.vocab_size)
  table('bert.embeddings.position_embeddings.weight', config.max_position_embeddings)
  table('bert.embeddings.token_type_embeddings.weight', config.type_vocab_size)
  norm('bert.embeddings.LayerNorm')
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `bert.encoder.layer.${layer}`
    for (const part of ['query', 'key', 'value']) dense(`${at}.attention.self.${part}`, d, d)
    dense(`${at}.attention.output.dense`, d, d)
    norm(`${at}.attention.output.LayerNorm`)
    dense(`${at}.intermediate.dense`, inner, d)
    dense(`${at}.output.dense`, d, inner)
    norm(`${at}.output.LayerNorm`)
  }
  dense('bert.pooler.dense', d, d)
  dense('classifier', labels, d)
  return specs
}

/** Word, position and token type, summed and normed. → [batch·length, d] */
function embed(config: BertConfig, params: Params, { inputIds, tokenTypeIds }: TokenBatch, rng: Rng | null): tf.Tensor {
  const [batch, length] = inputIds.shape as [number, number]
  const d = config.hidden_size
  const words = tf.gather(params.at('word_embeddings').get('weight'), tf.reshape(inputIds, [-1]))
  const types = tf.gather(params.at('token_type_embeddings').get('weight'), tf.reshape(tokenTypeIds, [-1]))
  const positions = tf.slice(params.at('position_embeddings').get('weight'), [0, 0], [length, d])
  const summed = tf.add(tf.reshape(tf.add(words, types), [batch, length, d]), positions)
  const normed = layerNorm(params.at('LayerNorm'), tf.reshape(summed, [batch * length, d]), config.layer_norm_eps)
  return dropout(normed, config.hidden_dropout_prob, rng)
}

/** x [batch·length, d], mask [batch, 1, 1, length] → [batch·length, d] */
function attention(config: BertConfig, params: Params, x: tf.Tensor, mask: tf.Tensor, rng: Rng | null): tf.Tensor {
  const [batch, , , length] = mask.shape as [number, number, number, number]
  const heads = (part: string) =>
    splitHeads(linearProduct(params.at('self').at(part), x, rng), batch, length, config.num_attention_heads)
  const mixed = mergeHeads(
    attend(heads('query'), heads('key'), heads('value'), mask, config.attention_probs_dropout_prob, rng),
  )
  return residual(config, params.at('output'), mixed, x, rng)
}

/** x [batch·length, d] → [batch·length, d], through the wide inner layer */
function mlp(config: BertConfig, params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const inner = activated(linearProduct(params.at('intermediate.dense'), x, rng), config.hidden_act)
  return residual(config, params.at('output'), inner, x, rng)
}

/** LayerNorm(dropout(dense(y)) + x): how both halves of a block end. */
function residual(config: BertConfig, params: Params, y: tf.Tensor, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const projected = linearProduct(params.at('dense'), y, rng)
  return residualNorm(params.at('LayerNorm'), projected, x, config.hidden_dropout_prob, rng, config.layer_norm_eps)
}

function block(config: BertConfig, params: Params, x: tf.Tensor, mask: tf.Tensor, rng: Rng | null): tf.Tensor {
  return mlp(config, params, attention(config, params.at('attention'), x, mask, rng), rng)
}

/** The first token of the last layer through the pooler, [batch, d]. */
function pooled(config: BertConfig, params: Params, batch: TokenBatch, rng: Rng | null): tf.Tensor {
  const [rows, length] = batch.inputIds.shape as [number, number]
  const bert = params.at('bert')
  const mask = paddingMask(batch.attentionMask)
  let x = embed(config, bert.at('embeddings'), batch, rng)
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    x = recomputed(bert.at(`encoder.layer.${layer}`), x, [mask], rng, (layerParams, input, [seen], draws) =>
      block(config, layerParams, input, seen as tf.Tensor, draws),
    )
  }
  const first = tf.reshape(tf.slice(tf.reshape(x, [rows, length, -1]), [0, 0, 0], [rows, 1, -1]), [rows, -1])
  return activated(linearProduct(bert.at('pooler.dense'), first, rng), 'tanh')
}

/** → [batch, labels] */
function logits(config: BertConfig, params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const rate = config.classifier_dropout ?? config.hidden_dropout_prob
  return linear(params.at('classifier'), dropout(x, rate, rng), rng)
}

/**
 * Checkpoints of the bare encoder lack the "bert." in front; very old ones call LayerNorm's parameters gamma and beta.
 * Null for what is no parameter here: position_ids, and the heads of pre-training.
 */
function rename(name: string): string | null {
  if (name.endsWith('position_ids') || name.startsWith('cls.')) return null
  const modern = name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
  return modern.startsWith('bert.') || modern.startsWith('classifier.') ? modern : `bert.${modern}`
}

function layerOf(name: string): number | null {
  const layer = /(?:^|\.)encoder\.layer\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return /(?:^|\.)embeddings\./.test(name) ? -1 : null
}

export const bert: Architecture<BertConfig> = {
  modelType: 'bert',
  parseConfig,
  describe: (config) => ({
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    maxPositions: config.max_position_embeddings,
  }),
  layerOf,
  linearModules: ['query', 'key', 'value', 'attention.output.dense', 'intermediate.dense', 'output.dense'],
  withDropout: (config, rate) => ({
    ...config,
    hidden_dropout_prob: rate,
    attention_probs_dropout_prob: rate,
    classifier_dropout: rate,
  }),
  heads: {
    classifier: {
      className: 'BertForSequenceClassification',
      parameters,
      rename,
      prefixes: ['classifier.'],
      pooled,
      logits,
    },
  },
}
