/**
 * Decision Transformer: acting as sequence modelling (Chen et al. 2021).
 * Reference implementation: transformers, models/decision_transformer/modeling_decision_transformer.py
 * (DecisionTransformerModel).
 * Unusual about it: no words. Each step of an episode is three positions (the return still to come, the state, the
 * action) that share one embedding of the time, normed before GPT-2's blocks; the next action is read at the state.
 * The trunk's positions are all 0, so that the first row of wpe is a bias and the others lie idle. Of what a checkpoint
 * has, wte and the predictions of state and return have no part in an action: they are kept as they come.
 */
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { activationNamed, activationNames } from '../nn/activations.ts'
import { causalMask, paddingMask } from '../nn/attention.ts'
import { dropout } from '../nn/dropout.ts'
import { linear } from '../nn/linear.ts'
import { layerNorm } from '../nn/norm.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import type { Architecture, ParameterSpec, StepBatch } from './architecture.ts'
import { type BlocksConfig, blockParameters, blocks, masked } from './gpt2.ts'

const size = z.number().int().positive()
const probability = z.number().min(0).max(1)

/** The fields of config.json that the computation depends on, under their own names. */
const configSchema = z.object({
  model_type: z.literal('decision_transformer'),
  state_dim: size,
  act_dim: size,
  hidden_size: size,
  max_ep_len: size.default(4096),
  action_tanh: z.boolean().default(true),
  vocab_size: size.default(1),
  n_positions: size.default(1024),
  n_layer: size,
  n_head: size,
  /** Null or absent: 4·hidden_size. */
  n_inner: size.nullable().default(null),
  activation_function: z.string().default('relu'),
  resid_pdrop: probability.default(0.1),
  embd_pdrop: probability.default(0.1),
  attn_pdrop: probability.default(0.1),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  initializer_range: z.number().positive().default(0.02),
  scale_attn_weights: z.literal(true).default(true),
  scale_attn_by_inverse_layer_idx: z.literal(false).default(false),
  reorder_and_upcast_attn: z.literal(false).default(false),
  add_cross_attention: z.literal(false).default(false),
})
type Config = z.output<typeof configSchema>

function parseConfig(json: unknown): Config {
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError(
      'bad_file',
      `config.json: ${issue?.path.join('.')}: ${issue?.message}. This is not a Decision Transformer that Attune can run.`,
    )
  }
  const config = parsed.data
  if (config.hidden_size % config.n_head !== 0) {
    const message = `config.json: hidden_size ${config.hidden_size} is no multiple of n_head ${config.n_head}.`
    throw new AttuneError('bad_file', message)
  }
  if (!activationNamed(config.activation_function)) {
    throw new AttuneError(
      'unsupported',
      `config.json: activation_function "${config.activation_function}" is not known; known are ${activationNames.join(', ')}.`,
    )
  }
  return config
}

const trunkOf = (config: Config): BlocksConfig => ({ ...config, n_embd: config.hidden_size })

/** PyTorch's default, which the reference keeps for the norm of its inputs. */
const inputEpsilon = 1e-5

/** All parameters of DecisionTransformerModel. */
function parameters(config: Config): Record<string, ParameterSpec> {
  const { hidden_size: d, state_dim: states, act_dim: actions } = config
  const init = { kind: 'normal', stddev: config.initializer_range } as const
  const table = (rows: number): ParameterSpec => ({ shape: [rows, d], dtype: 'float32', init, matrix: 'table' })
  const linearLayer = (name: string, width: number, out: number): Record<string, ParameterSpec> => ({
    [`${name}.weight`]: { shape: [out, width], dtype: 'float32', init },
    [`${name}.bias`]: { shape: [out], dtype: 'float32', init: { kind: 'zeros' } },
  })
  return {
    'encoder.wte.weight': { ...table(config.vocab_size), frozen: true },
    'encoder.wpe.weight': table(config.n_positions),
    ...blockParameters(trunkOf(config), 'encoder'),
    'embed_timestep.weight': table(config.max_ep_len),
    ...linearLayer('embed_return', 1, d),
    ...linearLayer('embed_state', states, d),
    ...linearLayer('embed_action', actions, d),
    'embed_ln.weight': { shape: [d], dtype: 'float32', init: { kind: 'ones' } },
    'embed_ln.bias': { shape: [d], dtype: 'float32', init: { kind: 'zeros' } },
    ...unused(linearLayer('predict_state', d, states)),
    ...linearLayer('predict_action.0', d, actions),
    ...unused(linearLayer('predict_return', d, 1)),
  }
}

function unused(specs: Record<string, ParameterSpec>): Record<string, ParameterSpec> {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, { ...spec, frozen: true as const }]))
}

/** Return, state and action of each step, one after the other, each with the step's time. → [batch·length·3, d] */
function embed(config: Config, params: Params, steps: StepBatch, rng: Rng | null): tf.Tensor {
  const [batch, length] = steps.timesteps.shape as [number, number]
  const rows = (x: tf.Tensor, width: number) => tf.reshape(x, [batch * length, width])
  const time = tf.gather(params.at('embed_timestep').get('weight'), tf.reshape(steps.timesteps, [-1]))
  const parts = [
    linear(params.at('embed_return'), rows(steps.returnsToGo, 1), rng),
    linear(params.at('embed_state'), rows(steps.states, config.state_dim), rng),
    linear(params.at('embed_action'), rows(steps.actions, config.act_dim), rng),
  ]
  const side = tf.stack(
    parts.map((part) => tf.add(part, time)),
    1,
  )
  const inputs = layerNorm(params.at('embed_ln'), tf.reshape(side, [-1, config.hidden_size]), inputEpsilon)
  const bias = tf.gather(params.at('encoder.wpe').get('weight'), tf.zeros([1], 'int32'))
  return dropout(tf.add(inputs, bias), config.embd_pdrop, rng)
}

/** Three positions for each step: attentionMask int32 [batch, length] → an additive mask [batch, 1, 3·length, 3·length]. */
function maskOf(attentionMask: tf.Tensor): tf.Tensor {
  const [batch, length] = attentionMask.shape as [number, number]
  const each = tf.reshape(tf.stack([attentionMask, attentionMask, attentionMask], 2), [batch, 3 * length])
  return tf.add(causalMask(3 * length, null), paddingMask(each))
}

/** The action at each step, from all before it and the step's return and state. → [batch·length, act_dim] */
function actions(config: Config, params: Params, steps: StepBatch, rng: Rng | null): tf.Tensor {
  const [batch, length] = steps.timesteps.shape as [number, number]
  const { hidden_size: d } = config
  const trunk = trunkOf(config)
  const x = blocks(trunk, params.at('encoder'), embed(config, params, steps, rng), batch, masked(trunk), rng, [
    maskOf(steps.attentionMask),
  ])
  const atStates = tf.reshape(tf.slice(tf.reshape(x, [batch * length, 3, d]), [0, 1, 0], [-1, 1, -1]), [-1, d])
  const said = linear(params.at('predict_action.0'), atStates, rng)
  return config.action_tanh ? tf.tanh(said) : said
}

function layerOf(name: string): number | null {
  const layer = /(?:^|\.)h\.(\d+)\./.exec(name)?.[1]
  if (layer !== undefined) return Number(layer)
  return /(?:^|\.)w[tp]e\.|^embed_/.test(name) ? -1 : null
}

export const decisionTransformer: Architecture<Config> = {
  modelType: 'decision_transformer',
  parseConfig,
  describe: (config) => ({
    vocabSize: 0,
    hiddenSize: config.hidden_size,
    layers: config.n_layer,
    heads: config.n_head,
    maxPositions: 0,
  }),
  layerOf,
  linearModules: ['c_attn', 'attn.c_proj', 'c_fc', 'mlp.c_proj'],
  withDropout: (config, rate) => ({ ...config, resid_pdrop: rate, embd_pdrop: rate, attn_pdrop: rate }),
  heads: {
    decisions: {
      className: 'DecisionTransformerModel',
      parameters,
      rename: (name) => (/\.attn\.(masked_)?bias$/.test(name) ? null : name),
      prefixes: [],
      sizes: ({ state_dim, act_dim, max_ep_len, action_tanh }) => ({
        states: state_dim,
        actions: act_dim,
        mostSteps: max_ep_len,
        bounded: action_tanh,
      }),
      actions,
    },
  },
}
