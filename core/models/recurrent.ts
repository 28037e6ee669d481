/**
 * Recurrent models: an embedding, layers of LSTM or GRU one above the other, and a head. There is no class of
 * transformers for them; the parameters have PyTorch's names, as if a module had `embedding`, `lstm` or `gru`, and
 * `classifier` or `lm_head`.
 * References: torch.nn.LSTM and torch.nn.GRU (nn/lstm.ts, nn/gru.ts); dropout between layers, behind the embedding and
 * before the head as in Zaremba et al. 2014; tied embeddings as in Press, Wolf 2017.
 * Unusual about it: what it knows of a text is a state of fixed size, so a token costs the same however long the text is,
 * but its steps can only be taken one after the other. Texts that share a row are kept apart by emptying the state at
 * each text's last token.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { dropout } from '../nn/dropout.ts'
import { gruCell } from '../nn/gru.ts'
import { linear } from '../nn/linear.ts'
import { lstmCell } from '../nn/lstm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { type Cell, type Directed, recurrentLayers, recurrentParameters } from '../nn/recurrent.ts'
import type { Architecture, CausalBatch, ParameterSpec, TokenBatch } from './architecture.ts'

const size = z.number().int().positive()

const configSchema = z.object({
  model_type: z.enum(['lstm', 'gru']),
  vocab_size: size,
  /** Null or absent: hidden_size. */
  embedding_size: size.nullable().default(null),
  /** Units a layer and direction. */
  hidden_size: size,
  num_hidden_layers: size,
  bidirectional: z.boolean().default(false),
  /** What a classifier reads: the state at the end of each direction, or the mean over all real tokens. */
  pooling: z.enum(['last', 'mean']).default('last'),
  dropout: z.number().min(0).max(1).default(0.1),
  /** Of the embeddings; the layers begin as PyTorch's do. */
  initializer_range: z.number().positive().default(0.1),
  tie_word_embeddings: z.boolean().default(false),
  /** No position is embedded: the longest row that programs are made for. */
  max_sequence_length: size.default(4096),
})
type RecurrentConfig = z.output<typeof configSchema>

/** A kind of recurrent layer, under the name of its module. */
interface Kind {
  readonly modelType: RecurrentConfig['model_type']
  readonly className: string
  readonly cell: Cell
}

function parseConfig({ modelType }: Kind, json: unknown): RecurrentConfig {
  const parsed = configSchema.extend({ model_type: z.literal(modelType) }).safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const message = `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is no recurrent model that Attune can run.`
    throw new AttuneError('bad_file', message)
  }
  const config = parsed.data
  const { tie_word_embeddings: tied, hidden_size: units } = config
  if (tied && widthOf(config) !== units) {
    const message = `config.json: with tie_word_embeddings, embedding_size ${widthOf(config)} must be hidden_size ${units}.`
    throw new AttuneError('bad_file', message)
  }
  return config
}

const widthOf = ({ embedding_size: width, hidden_size: units }: RecurrentConfig) => width ?? units
const pooledWidth = ({ hidden_size: units, bidirectional }: RecurrentConfig) => (bidirectional ? 2 : 1) * units

/** Embedding and layers. */
function trunk({ modelType, cell }: Kind, config: RecurrentConfig): Record<string, ParameterSpec> {
  const sizes = {
    inputSize: widthOf(config),
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    bidirectional: config.bidirectional,
  }
  const layers = Object.entries(recurrentParameters(cell.gates, sizes))
  return {
    'embedding.weight': table(config, widthOf(config)),
    ...Object.fromEntries(layers.map(([name, spec]) => [`${modelType}.${name}`, spec])),
  }
}

function table({ vocab_size: rows, initializer_range: stddev }: RecurrentConfig, width: number): ParameterSpec {
  return { shape: [rows, width], dtype: 'float32', init: { kind: 'normal', stddev }, matrix: 'table' }
}

function classifierParameters(kind: Kind, config: RecurrentConfig, labels: number): Record<string, ParameterSpec> {
  const width = pooledWidth(config)
  const init = { kind: 'uniform', bound: 1 / Math.sqrt(width) } as const
  return {
    ...trunk(kind, config),
    'classifier.weight': { shape: [labels, width], dtype: 'float32', init },
    'classifier.bias': { shape: [labels], dtype: 'float32', init },
  }
}

function writerParameters(kind: Kind, config: RecurrentConfig): Record<string, ParameterSpec> {
  if (config.bidirectional) {
    const message = `config.json: bidirectional is true: this ${kind.modelType} reads texts from both ends and cannot write. Take one that reads forwards.`
    throw new AttuneError('unsupported', message)
  }
  const head = config.tie_word_embeddings ? {} : { 'lm_head.weight': table(config, config.hidden_size) }
  return { ...trunk(kind, config), ...head }
}

interface Reading {
  /** int32 [batch]; null where all of each row is read. */
  readonly lengths: tf.Tensor | null
  readonly state: readonly tf.Tensor[] | null
  readonly resets: tf.Tensor | null
  readonly rng: Rng | null
}

/** inputIds int32 [batch, length] → y [batch, length, directions·units] and the state at each row's end. */
function read(
  { modelType, cell }: Kind,
  config: RecurrentConfig,
  params: Params,
  inputIds: tf.Tensor,
  { lengths, state, resets, rng }: Reading,
): Directed {
  const [batch, length] = inputIds.shape as [number, number]
  const words = tf.gather(params.at('embedding').get('weight'), tf.reshape(inputIds, [-1]))
  const x = dropout(tf.reshape(words, [batch, length, widthOf(config)]), config.dropout, rng)
  const options = { lengths, resets, dropout: config.dropout, rng }
  return recurrentLayers(cell, params.at(modelType), x, state, options)
}

/** → [batch, directions·units] */
function pooled(
  kind: Kind,
  config: RecurrentConfig,
  params: Params,
  { inputIds, attentionMask }: TokenBatch,
  rng: Rng | null,
): tf.Tensor {
  const lengths = tf.sum(attentionMask, 1)
  const { y, state } = read(kind, config, params, inputIds, { lengths, state: null, resets: null, rng })
  const [batch] = inputIds.shape as [number, number]
  // What stands behind a row's end is zero.
  if (config.pooling === 'mean') return tf.div(tf.sum(y, 1), tf.reshape(tf.cast(lengths, 'float32'), [batch, 1]))
  const ends = config.bidirectional ? 2 : 1
  const h = state[0] as tf.Tensor
  const top = tf.slice(h, [(config.num_hidden_layers - 1) * ends, 0, 0], [ends, batch, config.hidden_size])
  return tf.reshape(tf.transpose(top, [1, 0, 2]), [batch, ends * config.hidden_size])
}

function logits(config: RecurrentConfig, params: Params, x: tf.Tensor, rng: Rng | null): tf.Tensor {
  return linear(params.at('classifier'), dropout(x, config.dropout, rng), rng)
}

function hidden(
  kind: Kind,
  config: RecurrentConfig,
  params: Params,
  { inputIds, segmentIds }: CausalBatch,
  rng: Rng | null,
): tf.Tensor {
  const resets = segmentIds && lastOfSegments(segmentIds)
  const { y } = read(kind, config, params, inputIds, { lengths: null, state: null, resets, rng })
  return dropout(tf.reshape(y, [-1, config.hidden_size]), config.dropout, rng)
}

/** 1 at each token that the next one does not belong to the same segment as. int32 → float32 [batch, length] */
function lastOfSegments(segmentIds: tf.Tensor): tf.Tensor {
  const [batch, length] = segmentIds.shape as [number, number]
  const [before, after] = [0, 1].map((from) => tf.slice(segmentIds, [0, from], [batch, length - 1]))
  const ends = tf.cast(tf.notEqual(before as tf.Tensor, after as tf.Tensor), 'float32')
  return tf.concat([ends, tf.zeros([batch, 1])], 1)
}

function rename({ modelType }: Kind, name: string): string | null {
  return name.startsWith('embedding.') || name.startsWith(`${modelType}.`) || /^(classifier|lm_head)\./.test(name)
    ? name
    : null
}

function layerOf(name: string): number | null {
  const layer = /_l(\d+)(?:_reverse)?$/.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return name.startsWith('embedding.') ? -1 : null
}

function recurrent(kind: Kind): Architecture<RecurrentConfig> {
  const { modelType, className, cell } = kind
  const renamed = (name: string) => rename(kind, name)
  return {
    modelType,
    parseConfig: (json) => parseConfig(kind, json),
    describe: (config) => ({
      vocabSize: config.vocab_size,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: 0,
      maxPositions: config.max_sequence_length,
      pooledWidth: pooledWidth(config),
    }),
    layerOf,
    linearModules: [],
    withDropout: (config, rate) => ({ ...config, dropout: rate }),
    heads: {
      classifier: {
        className: `${className}ForSequenceClassification`,
        parameters: (config, labels) => classifierParameters(kind, config, labels),
        rename: renamed,
        prefixes: ['classifier.'],
        pooled: (config, params, batch, rng) => pooled(kind, config, params, batch, rng),
        logits,
      },
      languageModel: {
        className: `${className}ForCausalLM`,
        parameters: (config) => writerParameters(kind, config),
        rename: renamed,
        // A classifier's checkpoint has none.
        prefixes: ['lm_head.'],
        hidden: (config, params, batch, rng) => hidden(kind, config, params, batch, rng),
        matrix: (config, params) => params.at(config.tie_word_embeddings ? 'embedding' : 'lm_head').get('weight'),
        state: (config, batch) =>
          Array.from({ length: cell.states }, () => ({
            shape: [config.num_hidden_layers, batch, config.hidden_size],
            dtype: 'float32' as const,
          })),
        advance(config, params, { inputIds, lengths }, state) {
          const after = read(kind, config, params, inputIds, { lengths, state, resets: null, rng: null })
          return { hidden: tf.reshape(after.y, [-1, config.hidden_size]), state: after.state }
        },
      },
    },
  }
}

export const lstm = recurrent({ modelType: 'lstm', className: 'Lstm', cell: lstmCell })
export const gru = recurrent({ modelType: 'gru', className: 'Gru', cell: gruCell })
