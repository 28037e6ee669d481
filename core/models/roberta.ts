/**
 * RoBERTa: BERT's encoder trained longer, on masked words alone (Liu et al. 2019).
 * Reference implementation: transformers, models/roberta/modeling_roberta.py.
 * Unusual about it: a row's first position is the one after the padding token's id, which is that of all padding; no
 * token has a type, there is no pooler, and the classification head is two linear layers over the first token.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { dropout } from '../nn/dropout.ts'
import { activated, linear, linearProduct } from '../nn/linear.ts'
import { layerNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import type { Architecture, TokenBatch } from './architecture.ts'
import {
  bert,
  dense,
  encoded,
  encoderFields,
  encoderParameters,
  firstTokens,
  headDropout,
  norm,
  parseEncoder,
} from './bert.ts'

/** The fields of config.json that the computation depends on, under their own names. */
const configSchema = z.object({
  model_type: z.literal('roberta'),
  ...encoderFields,
  pad_token_id: z.number().int().min(0).default(1),
})
export type RobertaConfig = z.output<typeof configSchema>

/** Positions that no token has: those up to the padding token's. */
const unused = ({ pad_token_id: pad }: RobertaConfig) => pad + 1

const trunk = (config: RobertaConfig) => encoderParameters(config, 'roberta')
const sizes = ({ hidden_size: d, initializer_range: stddev }: RobertaConfig) => ({ d, stddev })

/** The last layer's output [batch·length, d]. */
function hidden(config: RobertaConfig, params: Params, batch: TokenBatch, rng: Rng | null): tf.Tensor {
  const [, length] = batch.inputIds.shape as [number, number]
  const counted = tf.mul(batch.attentionMask, tf.tensor1d(Int32Array.from({ length }, (_, i) => i + 1)))
  const positions = tf.add(counted, tf.scalar(config.pad_token_id, 'int32'))
  const untyped = { ...batch, tokenTypeIds: tf.zerosLike(batch.inputIds) }
  return encoded(config, params.at('roberta'), untyped, rng, positions)
}

/** → [batch, labels] */
function classify(config: RobertaConfig, params: Params, first: tf.Tensor, rng: Rng | null): tf.Tensor {
  const rate = headDropout(config)
  const inner = activated(linearProduct(params.at('classifier.dense'), dropout(first, rate, rng), rng), 'tanh')
  return linear(params.at('classifier.out_proj'), dropout(inner, rate, rng), rng)
}

/** x [n, d] → logits [n, vocabulary] */
function wordLogits(config: RobertaConfig, params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const head = params.at('lm_head')
  const turned = activated(linearProduct(head.at('dense'), x, rng), 'gelu')
  const normed = layerNorm(head.at('layer_norm'), turned, config.layer_norm_eps) as tf.Tensor2D
  const words = params.at('roberta.embeddings.word_embeddings').get('weight') as tf.Tensor2D
  return tf.add(tf.matMul(normed, words, false, true), head.get('bias'))
}

const tops = ['lm_head.', 'classifier.', 'qa_outputs.']

/** Null for what is no parameter here: position_ids, the tied matrix of the words, a pooler, other trainings' heads. */
function renameFor(top: string): (name: string) => string | null {
  return (name) => {
    if (name.endsWith('position_ids') || name.startsWith('lm_head.decoder.') || /(?:^|\.)pooler\./.test(name))
      return null
    if (name.startsWith('roberta.') || name.startsWith(top)) return name
    return tops.some((other) => name.startsWith(other)) ? null : `roberta.${name}`
  }
}

export const roberta: Architecture<RobertaConfig> = {
  modelType: 'roberta',
  parseConfig: (json) => parseEncoder(configSchema, json, 'RoBERTa'),
  describe: (config) => ({
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    maxPositions: config.max_position_embeddings - unused(config),
  }),
  layerOf: bert.layerOf,
  linearModules: bert.linearModules,
  withDropout: (config, rate) => ({
    ...config,
    hidden_dropout_prob: rate,
    attention_probs_dropout_prob: rate,
    classifier_dropout: rate,
  }),
  heads: {
    classifier: {
      className: 'RobertaForSequenceClassification',
      parameters(config, labels) {
        const { d, stddev } = sizes(config)
        return {
          ...trunk(config),
          ...dense('classifier.dense', d, d, stddev),
          ...dense('classifier.out_proj', labels, d, stddev),
        }
      },
      rename: renameFor('classifier.'),
      prefixes: ['classifier.'],
      pooled: (config, params, batch, rng) => firstTokens(hidden(config, params, batch, rng), batch),
      logits: classify,
    },
    maskedLanguageModel: {
      className: 'RobertaForMaskedLM',
      parameters(config) {
        const { d, stddev } = sizes(config)
        return {
          ...trunk(config),
          'lm_head.bias': { shape: [config.vocab_size], dtype: 'float32', init: { kind: 'zeros' } },
          ...dense('lm_head.dense', d, d, stddev),
          ...norm('lm_head.layer_norm', d),
        }
      },
      rename: renameFor('lm_head.'),
      prefixes: ['lm_head.'],
      hidden,
      logits: wordLogits,
    },
    tokenClassifier: {
      className: 'RobertaForTokenClassification',
      parameters(config, labels) {
        const { d, stddev } = sizes(config)
        return { ...trunk(config), ...dense('classifier', labels, d, stddev) }
      },
      rename: renameFor('classifier.'),
      prefixes: ['classifier.'],
      hidden,
      logits: (config, params, x, rng) => linear(params.at('classifier'), dropout(x, headDropout(config), rng), rng),
    },
    questionAnswering: {
      className: 'RobertaForQuestionAnswering',
      parameters(config) {
        const { d, stddev } = sizes(config)
        return { ...trunk(config), ...dense('qa_outputs', 2, d, stddev) }
      },
      rename: renameFor('qa_outputs.'),
      prefixes: ['qa_outputs.'],
      hidden,
      logits: (_, params, x, rng) => linear(params.at('qa_outputs'), x, rng),
    },
  },
}
