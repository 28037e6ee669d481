/**
 * DistilBERT: a BERT of half the layers, taught by a whole one (Sanh et al. 2019).
 * Reference implementation: transformers, models/distilbert/modeling_distilbert.py.
 * Unusual about it: BERT's layers under names of its own, no token types, no pooler but a "pre_classifier" with a ReLU,
 * and a dropout probability a head.
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
import { dense, firstTokens, norm, table } from './bert.ts'

const size = z.number().int().positive()
const probability = z.number().min(0).max(1)

/** The fields of config.json that the computation depends on, under their own names. */
const configSchema = z.object({
  model_type: z.literal('distilbert'),
  vocab_size: size,
  dim: size,
  n_layers: size,
  n_heads: size,
  hidden_dim: size,
  max_position_embeddings: size,
  activation: z.string().default('gelu'),
  dropout: probability.default(0.1),
  attention_dropout: probability.default(0.1),
  qa_dropout: probability.default(0.1),
  seq_classif_dropout: probability.default(0.2),
  initializer_range: z.number().positive().default(0.02),
})
export type DistilBertConfig = z.output<typeof configSchema>

/** Of every layer norm: the config has no field for it. */
const epsilon = 1e-12

function parseConfig(json: unknown): DistilBertConfig {
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a DistilBERT that Attune can run.`,
    )
  }
  const config = parsed.data
  if (config.dim % config.n_heads !== 0) {
    throw new AttuneError('bad_file', `config.json: dim ${config.dim} is no multiple of n_heads ${config.n_heads}.`)
  }
  if (!activationNamed(config.activation)) {
    throw new AttuneError(
      'unsupported',
      `config.json: activation "${config.activation}" is not known; known are ${activationNames.join(', ')}.`,
    )
  }
  return config
}

/** The parameters of embeddings and layers. */
function trunk(config: DistilBertConfig): Record<string, ParameterSpec> {
  const { dim: d, hidden_dim: inner, initializer_range: stddev } = config
  const layer = (at: string) => ({
    ...dense(`${at}.attention.q_lin`, d, d, stddev),
    ...dense(`${at}.attention.k_lin`, d, d, stddev),
    ...dense(`${at}.attention.v_lin`, d, d, stddev),
    ...dense(`${at}.attention.out_lin`, d, d, stddev),
    ...norm(`${at}.sa_layer_norm`, d),
    ...dense(`${at}.ffn.lin1`, inner, d, stddev),
    ...dense(`${at}.ffn.lin2`, d, inner, stddev),
    ...norm(`${at}.output_layer_norm`, d),
  })
  return Object.assign(
    {
      ...table('distilbert.embeddings.word_embeddings', config.vocab_size, d, stddev),
      ...table('distilbert.embeddings.position_embeddings', config.max_position_embeddings, d, stddev),
      ...norm('distilbert.embeddings.LayerNorm', d),
    },
    ...Array.from({ length: config.n_layers }, (_, i) => layer(`distilbert.transformer.layer.${i}`)),
  )
}

/** Word and position, summed and normed. → [batch·length, d] */
function embed(config: DistilBertConfig, params: Params, { inputIds }: TokenBatch, rng: Rng | null): tf.Tensor {
  const [batch, length] = inputIds.shape as [number, number]
  const words = tf.gather(params.at('word_embeddings').get('weight'), tf.reshape(inputIds, [-1]))
  const positions = tf.slice(params.at('position_embeddings').get('weight'), [0, 0], [length, config.dim])
  const summed = tf.add(tf.reshape(words, [batch, length, config.dim]), positions)
  const normed = layerNorm(params.at('LayerNorm'), tf.reshape(summed, [batch * length, config.dim]), epsilon)
  return dropout(normed, config.dropout, rng)
}

/** x [batch·length, d], mask [batch, 1, 1, length] → [batch·length, d] */
function block(config: DistilBertConfig, params: Params, x: tf.Tensor, mask: tf.Tensor, rng: Rng | null): tf.Tensor {
  const [batch, , , length] = mask.shape as [number, number, number, number]
  const { attention, ffn } = { attention: params.at('attention'), ffn: params.at('ffn') }
  const heads = (part: string) => splitHeads(linearProduct(attention.at(part), x, rng), batch, length, config.n_heads)
  const mixed = mergeHeads(attend(heads('q_lin'), heads('k_lin'), heads('v_lin'), mask, config.attention_dropout, rng))
  const attended = linearProduct(attention.at('out_lin'), mixed, rng)
  // No dropout between attention and its norm, unlike BERT.
  const y = residualNorm(params.at('sa_layer_norm'), attended, x, 0, rng, epsilon)
  const inner = activated(linearProduct(ffn.at('lin1'), y, rng), config.activation)
  return residualNorm(
    params.at('output_layer_norm'),
    linearProduct(ffn.at('lin2'), inner, rng),
    y,
    config.dropout,
    rng,
    epsilon,
  )
}

/** The last layer's output [batch·length, d]. */
function hidden(config: DistilBertConfig, params: Params, batch: TokenBatch, rng: Rng | null): tf.Tensor {
  const body = params.at('distilbert')
  const mask = paddingMask(batch.attentionMask)
  let x = embed(config, body.at('embeddings'), batch, rng)
  for (let layer = 0; layer < config.n_layers; layer++) {
    x = recomputed(body.at(`transformer.layer.${layer}`), x, [mask], rng, (layerParams, input, [seen], draws) =>
      block(config, layerParams, input, seen as tf.Tensor, draws),
    )
  }
  return x
}

/** → [batch, labels] */
function classify(config: DistilBertConfig, params: Params, first: tf.Tensor, rng: Rng | null): tf.Tensor {
  const inner = activated(linearProduct(params.at('pre_classifier'), first, rng), 'relu')
  return linear(params.at('classifier'), dropout(inner, config.seq_classif_dropout, rng), rng)
}

/** x [n, d] → logits [n, vocabulary] */
function wordLogits(config: DistilBertConfig, params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const turned = activated(linearProduct(params.at('vocab_transform'), x, rng), config.activation)
  const normed = layerNorm(params.at('vocab_layer_norm'), turned, epsilon) as tf.Tensor2D
  const words = params.at('distilbert.embeddings.word_embeddings').get('weight') as tf.Tensor2D
  return tf.add(tf.matMul(normed, words, false, true), params.at('vocab_projector').get('bias'))
}

const tops = ['pre_classifier.', 'classifier.', 'qa_outputs.', 'vocab_']

/** Null for what is no parameter here: the tied matrix of the words, and the heads of other trainings. */
function renameFor(...own: string[]): (name: string) => string | null {
  return (name) => {
    if (name === 'vocab_projector.weight') return null
    if (name.startsWith('distilbert.') || own.some((top) => name.startsWith(top))) return name
    return tops.some((other) => name.startsWith(other)) ? null : `distilbert.${name}`
  }
}

function layerOf(name: string): number | null {
  const layer = /(?:^|\.)transformer\.layer\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return /(?:^|\.)embeddings\./.test(name) ? -1 : null
}

const sizes = ({ dim: d, initializer_range: stddev }: DistilBertConfig) => ({ d, stddev })

export const distilbert: Architecture<DistilBertConfig> = {
  modelType: 'distilbert',
  parseConfig,
  describe: (config) => ({
    vocabSize: config.vocab_size,
    hiddenSize: config.dim,
    layers: config.n_layers,
    heads: config.n_heads,
    maxPositions: config.max_position_embeddings,
  }),
  layerOf,
  linearModules: ['q_lin', 'k_lin', 'v_lin', 'out_lin', 'lin1', 'lin2'],
  withDropout: (config, rate) => ({
    ...config,
    dropout: rate,
    attention_dropout: rate,
    qa_dropout: rate,
    seq_classif_dropout: rate,
  }),
  heads: {
    classifier: {
      className: 'DistilBertForSequenceClassification',
      parameters(config, labels) {
        const { d, stddev } = sizes(config)
        return {
          ...trunk(config),
          ...dense('pre_classifier', d, d, stddev),
          ...dense('classifier', labels, d, stddev),
        }
      },
      rename: renameFor('pre_classifier.', 'classifier.'),
      prefixes: ['pre_classifier.', 'classifier.'],
      pooled: (config, params, batch, rng) => firstTokens(hidden(config, params, batch, rng), batch),
      logits: classify,
    },
    maskedLanguageModel: {
      className: 'DistilBertForMaskedLM',
      parameters(config) {
        const { d, stddev } = sizes(config)
        return {
          ...trunk(config),
          ...dense('vocab_transform', d, d, stddev),
          ...norm('vocab_layer_norm', d),
          'vocab_projector.bias': { shape: [config.vocab_size], dtype: 'float32', init: { kind: 'zeros' } },
        }
      },
      rename: renameFor('vocab_'),
      prefixes: ['vocab_'],
      hidden,
      logits: wordLogits,
    },
    tokenClassifier: {
      className: 'DistilBertForTokenClassification',
      parameters(config, labels) {
        const { d, stddev } = sizes(config)
        return { ...trunk(config), ...dense('classifier', labels, d, stddev) }
      },
      rename: renameFor('classifier.'),
      prefixes: ['classifier.'],
      hidden,
      logits: (config, params, x, rng) => linear(params.at('classifier'), dropout(x, config.dropout, rng), rng),
    },
    questionAnswering: {
      className: 'DistilBertForQuestionAnswering',
      parameters(config) {
        const { d, stddev } = sizes(config)
        return { ...trunk(config), ...dense('qa_outputs', 2, d, stddev) }
      },
      rename: renameFor('qa_outputs.'),
      prefixes: ['qa_outputs.'],
      hidden,
      logits: (config, params, x, rng) => linear(params.at('qa_outputs'), dropout(x, config.qa_dropout, rng), rng),
    },
  },
}
