/**
 * BERT: a bidirectional Transformer encoder (Devlin et al. 2018).
 * Reference implementation: transformers, models/bert/modeling_bert.py.
 * Unusual about it: layer norms stand after each residual sum (post-norm), positions are learned, the
 * classification head reads the first token through a tanh "pooler", and words are read out by their own embeddings.
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

/** The fields of config.json that the encoder depends on, under their own names. */
export const encoderFields = {
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
}
const configSchema = z.object({ model_type: z.literal('bert'), ...encoderFields })
export type BertConfig = z.output<typeof configSchema>
export type EncoderConfig = Omit<BertConfig, 'model_type'>

/** Throws AttuneError bad_file or unsupported. `kind` names the model in a sentence. */
export function parseEncoder<C extends EncoderConfig>(schema: z.ZodType<C>, json: unknown, kind: string): C {
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a ${kind} that Attune can run.`,
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

type Specs = Record<string, ParameterSpec>

/** Weight [out, width] and bias of a linear layer. */
export function dense(name: string, out: number, width: number, stddev: number): Specs {
  return {
    [`${name}.weight`]: { shape: [out, width], dtype: 'float32', init: { kind: 'normal', stddev } },
    [`${name}.bias`]: { shape: [out], dtype: 'float32', init: { kind: 'zeros' } },
  }
}

export function norm(name: string, width: number): Specs {
  return {
    [`${name}.weight`]: { shape: [width], dtype: 'float32', init: { kind: 'ones' } },
    [`${name}.bias`]: { shape: [width], dtype: 'float32', init: { kind: 'zeros' } },
  }
}

export function table(name: string, rows: number, width: number, stddev: number): Specs {
  return {
    [`${name}.weight`]: { shape: [rows, width], dtype: 'float32', init: { kind: 'normal', stddev }, matrix: 'table' },
  }
}

/** The parameters of embeddings and layers, below `root`. */
export function encoderParameters(config: EncoderConfig, root: string): Specs {
  const { hidden_size: d, intermediate_size: inner, initializer_range: stddev } = config
  const at = (layer: number) => `${root}.encoder.layer.${layer}`
  const layer = (place: string): Specs => ({
    ...dense(`${place}.attention.self.query`, d, d, stddev),
    ...dense(`${place}.attention.self.key`, d, d, stddev),
    ...dense(`${place}.attention.self.value`, d, d, stddev),
    ...dense(`${place}.attention.output.dense`, d, d, stddev),
    ...norm(`${place}.attention.output.LayerNorm`, d),
    ...dense(`${place}.intermediate.dense`, inner, d, stddev),
    ...dense(`${place}.output.dense`, d, inner, stddev),
    ...norm(`${place}.output.LayerNorm`, d),
  })
  return Object.assign(
    {
      ...table(`${root}.embeddings.word_embeddings`, config.vocab_size, d, stddev),
      ...table(`${root}.embeddings.position_embeddings`, config.max_position_embeddings, d, stddev),
      ...table(`${root}.embeddings.token_type_embeddings`, config.type_vocab_size, d, stddev),
      ...norm(`${root}.embeddings.LayerNorm`, d),
    },
    ...Array.from({ length: config.num_hidden_layers }, (_, i) => layer(at(i))),
  )
}

/**
 * Word, position and token type, summed and normed. → [batch·length, d]. `positionIds`: int32 [batch, length], null where
 * every row counts from 0.
 */
function embed(
  config: EncoderConfig,
  params: Params,
  { inputIds, tokenTypeIds }: TokenBatch,
  positionIds: tf.Tensor | null,
  rng: Rng | null,
): tf.Tensor {
  const [batch, length] = inputIds.shape as [number, number]
  const d = config.hidden_size
  const words = tf.gather(params.at('word_embeddings').get('weight'), tf.reshape(inputIds, [-1]))
  const types = tf.gather(params.at('token_type_embeddings').get('weight'), tf.reshape(tokenTypeIds, [-1]))
  const table = params.at('position_embeddings').get('weight')
  const positions = positionIds
    ? tf.reshape(tf.gather(table, tf.reshape(positionIds, [-1])), [batch, length, d])
    : tf.slice(table, [0, 0], [length, d])
  const summed = tf.add(tf.reshape(tf.add(words, types), [batch, length, d]), positions)
  const normed = layerNorm(params.at('LayerNorm'), tf.reshape(summed, [batch * length, d]), config.layer_norm_eps)
  return dropout(normed, config.hidden_dropout_prob, rng)
}

/** x [batch·length, d], mask [batch, 1, 1, length] → [batch·length, d] */
function attention(config: EncoderConfig, params: Params, x: tf.Tensor, mask: tf.Tensor, rng: Rng | null): tf.Tensor {
  const [batch, , , length] = mask.shape as [number, number, number, number]
  const heads = (part: string) =>
    splitHeads(linearProduct(params.at('self').at(part), x, rng), batch, length, config.num_attention_heads)
  const mixed = mergeHeads(
    attend(heads('query'), heads('key'), heads('value'), mask, config.attention_probs_dropout_prob, rng),
  )
  return residual(config, params.at('output'), mixed, x, rng)
}

/** x [batch·length, d] → [batch·length, d], through the wide inner layer */
function mlp(config: EncoderConfig, params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const inner = activated(linearProduct(params.at('intermediate.dense'), x, rng), config.hidden_act)
  return residual(config, params.at('output'), inner, x, rng)
}

/** LayerNorm(dropout(dense(y)) + x): how both halves of a block end. */
function residual(config: EncoderConfig, params: Params, y: tf.Tensor, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const projected = linearProduct(params.at('dense'), y, rng)
  return residualNorm(params.at('LayerNorm'), projected, x, config.hidden_dropout_prob, rng, config.layer_norm_eps)
}

function block(config: EncoderConfig, params: Params, x: tf.Tensor, mask: tf.Tensor, rng: Rng | null): tf.Tensor {
  return mlp(config, params, attention(config, params.at('attention'), x, mask, rng), rng)
}

/** The last layer's output [batch·length, d]; `params` is the place of the encoder. */
export function encoded(
  config: EncoderConfig,
  params: Params,
  batch: TokenBatch,
  rng: Rng | null,
  positionIds: tf.Tensor | null = null,
): tf.Tensor {
  const mask = paddingMask(batch.attentionMask)
  let x = embed(config, params.at('embeddings'), batch, positionIds, rng)
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    x = recomputed(params.at(`encoder.layer.${layer}`), x, [mask], rng, (layerParams, input, [seen], draws) =>
      block(config, layerParams, input, seen as tf.Tensor, draws),
    )
  }
  return x
}

/** The first token of each row: [batch·length, d] → [batch, d]. */
export function firstTokens(x: tf.Tensor, { inputIds }: TokenBatch): tf.Tensor {
  const [rows, length] = inputIds.shape as [number, number]
  return tf.reshape(tf.slice(tf.reshape(x, [rows, length, -1]), [0, 0, 0], [rows, 1, -1]), [rows, -1])
}

export function headDropout({ classifier_dropout: own, hidden_dropout_prob: usual }: EncoderConfig): number {
  return own ?? usual
}

/** The first token of the last layer through the pooler, [batch, d]. */
function pooled(config: BertConfig, params: Params, batch: TokenBatch, rng: Rng | null): tf.Tensor {
  const bert = params.at('bert')
  const first = firstTokens(encoded(config, bert, batch, rng), batch)
  return activated(linearProduct(bert.at('pooler.dense'), first, rng), 'tanh')
}

/** x [n, d] through dropout and the linear layer `name` → [n, labels] */
function read(config: BertConfig, params: Params, name: string, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  return linear(params.at(name), dropout(x, headDropout(config), rng), rng)
}

/** x [n, d] → logits [n, vocabulary] */
function wordLogits(config: BertConfig, params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  const predictions = params.at('cls.predictions')
  const transform = predictions.at('transform')
  const turned = activated(linearProduct(transform.at('dense'), x, rng), config.hidden_act)
  const normed = layerNorm(transform.at('LayerNorm'), turned, config.layer_norm_eps) as tf.Tensor2D
  const words = params.at('bert.embeddings.word_embeddings').get('weight') as tf.Tensor2D
  return tf.add(tf.matMul(normed, words, false, true), predictions.get('bias'))
}

const tops = ['cls.', 'classifier.', 'qa_outputs.']

/**
 * Checkpoints of the bare encoder lack the "bert." in front; very old ones call LayerNorm's parameters gamma and beta.
 * Null for what is no parameter here: position_ids, the tied matrix of the words, and the heads of other trainings.
 */
function renameFor(top: string, { pooler = false } = {}): (name: string) => string | null {
  return (name) => {
    if (name.endsWith('position_ids') || /^cls\.(?:seq_relationship|predictions\.decoder)\./.test(name)) return null
    const modern = name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
    if (modern.startsWith(top)) return modern
    if (tops.some((other) => modern.startsWith(other))) return null
    const full = modern.startsWith('bert.') ? modern : `bert.${modern}`
    return full.startsWith('bert.pooler.') && !pooler ? null : full
  }
}

const hidden = (config: BertConfig, params: Params, batch: TokenBatch, rng: Rng | null) =>
  encoded(config, params.at('bert'), batch, rng)
const trunk = (config: BertConfig) => encoderParameters(config, 'bert')
const width = ({ hidden_size: d, initializer_range: stddev }: BertConfig) => ({ d, stddev })

function layerOf(name: string): number | null {
  const layer = /(?:^|\.)encoder\.layer\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return /(?:^|\.)embeddings\./.test(name) ? -1 : null
}

export const bert: Architecture<BertConfig> = {
  modelType: 'bert',
  parseConfig: (json) => parseEncoder(configSchema, json, 'BERT'),
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
      parameters(config, labels) {
        const { d, stddev } = width(config)
        const pooler = dense('bert.pooler.dense', d, d, stddev)
        return { ...trunk(config), ...pooler, ...dense('classifier', labels, d, stddev) }
      },
      rename: renameFor('classifier.', { pooler: true }),
      prefixes: ['classifier.'],
      mayLack: ['bert.pooler.'],
      pooled,
      logits: (config, params, x, rng) => read(config, params, 'classifier', x, rng),
    },
    maskedLanguageModel: {
      className: 'BertForMaskedLM',
      parameters(config) {
        const { d, stddev } = width(config)
        const transform = 'cls.predictions.transform'
        return {
          ...trunk(config),
          'cls.predictions.bias': { shape: [config.vocab_size], dtype: 'float32', init: { kind: 'zeros' } },
          ...dense(`${transform}.dense`, d, d, stddev),
          ...norm(`${transform}.LayerNorm`, d),
        }
      },
      rename: renameFor('cls.'),
      prefixes: ['cls.predictions.'],
      hidden,
      logits: wordLogits,
    },
    tokenClassifier: {
      className: 'BertForTokenClassification',
      parameters(config, labels) {
        const { d, stddev } = width(config)
        return { ...trunk(config), ...dense('classifier', labels, d, stddev) }
      },
      rename: renameFor('classifier.'),
      prefixes: ['classifier.'],
      hidden,
      logits: (config, params, x, rng) => read(config, params, 'classifier', x, rng),
    },
    questionAnswering: {
      className: 'BertForQuestionAnswering',
      parameters(config) {
        const { d, stddev } = width(config)
        return { ...trunk(config), ...dense('qa_outputs', 2, d, stddev) }
      },
      rename: renameFor('qa_outputs.'),
      prefixes: ['qa_outputs.'],
      hidden,
      logits: (_, params, x, rng) => linear(params.at('qa_outputs'), x, rng),
    },
  },
}
