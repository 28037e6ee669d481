import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { AttuneError } from '../../../core/contract/errors.ts'
import { bert } from '../../../core/models/bert.ts'
import { gpt2 } from '../../../core/models/gpt2.ts'
import { initialise } from '../../../core/nn/init.ts'
import { linear } from '../../../core/nn/linear.ts'
import { loraParameters, loraParams, loraTargets } from '../../../core/nn/lora.ts'
import { paramsOf } from '../../../core/nn/params.ts'
import { largestDifference, selectEagerBackend, someValues } from '../../support/engines.ts'

await selectEagerBackend()

const config = bert.parseConfig({
  model_type: 'bert',
  vocab_size: 50,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 16,
  max_position_embeddings: 16,
})
const parameters = bert.heads.classifier?.parameters(config, 2) ?? {}
const decoder =
  gpt2.heads.languageModel?.parameters(
    gpt2.parseConfig({ model_type: 'gpt2', vocab_size: 50, n_positions: 16, n_embd: 8, n_layer: 1, n_head: 2 }),
    0,
  ) ?? {}

describe('which layers are adapted', () => {
  test('by the end of their name, as peft matches', () => {
    expect(loraTargets(parameters, ['query', 'value'])).toEqual([
      'bert.encoder.layer.0.attention.self.query',
      'bert.encoder.layer.0.attention.self.value',
      'bert.encoder.layer.1.attention.self.query',
      'bert.encoder.layer.1.attention.self.value',
    ])
    expect(loraTargets(parameters, ['attention.output.dense'])).toHaveLength(2)
    expect(loraTargets(parameters, ['output.dense'])).toHaveLength(4)
  })

  test('of GPT-2, whose weights are stored the other way round', () => {
    const targets = loraTargets(decoder, gpt2.linearModules)
    expect(targets).toEqual(
      ['attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj'].map((end) => `transformer.h.0.${end}`),
    )
    const shapes = Object.entries(loraParameters(decoder, targets, 4)).map(([name, { shape }]) => [name, shape])
    expect(Object.fromEntries(shapes)).toMatchObject({
      'transformer.h.0.attn.c_attn.lora_A.weight': [4, 8],
      'transformer.h.0.attn.c_attn.lora_B.weight': [24, 4],
      'transformer.h.0.mlp.c_proj.lora_A.weight': [4, 32],
      'transformer.h.0.mlp.c_proj.lora_B.weight': [8, 4],
    })
  })

  test('no embedding is taken for a linear layer', () => {
    expect(() => loraTargets(decoder, ['wte'])).toThrow('no linear layer "wte"')
    expect(() => loraTargets(parameters, ['word_embeddings'])).toThrow('no linear layer "word_embeddings"')
  })

  test('a name that matches nothing is refused with the names that would', () => {
    expect(() => loraTargets(parameters, ['q_proj'])).toThrow(AttuneError)
    expect(() => loraTargets(parameters, ['q_proj'])).toThrow('no linear layer "q_proj"')
  })
})

describe('the low-rank path', () => {
  const weight = tf.tensor(someValues(12, 1), [3, 4])
  const bias = tf.tensor(someValues(3, 2))
  const a = tf.tensor(someValues(8, 3), [2, 4])
  const x = tf.tensor(someValues(20, 4), [5, 4])
  const base = paramsOf({ 'layer.weight': weight, 'layer.bias': bias })
  const options = { r: 2, alpha: 8, dropout: 0, targets: ['layer'] }
  const withB = (b: tf.Tensor) =>
    linear(loraParams(base, { 'layer.lora_A.weight': a, 'layer.lora_B.weight': b }, options).at('layer'), x, null)

  test('changes nothing while B is zero', () => {
    expect(withB(tf.zeros([3, 2])).dataSync()).toEqual(linear(base.at('layer'), x, null).dataSync())
  })

  test('equals the layer with W + alpha/r·B·A', () => {
    const b = tf.tensor(someValues(6, 5), [3, 2])
    const merged = tf.add(weight, tf.mul(tf.matMul(b as tf.Tensor2D, a as tf.Tensor2D), 8 / 2))
    const expected = linear(paramsOf({ weight: merged, bias }), x, null)
    expect(largestDifference(withB(b).dataSync(), expected.dataSync())).toBeLessThan(2e-6)
  })
})

test('A begins uniform within 1/√in, B at zero, and both are the same for the same seed', () => {
  const adapters = loraParameters(parameters, loraTargets(parameters, ['query']), 4)
  const name = 'bert.encoder.layer.0.attention.self.query.lora_A.weight'
  const spec = adapters[name]
  if (!spec) throw new Error('no adapter was made')
  const values = initialise(spec, 42, name)
  expect(spec.shape).toEqual([4, 8])
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(8))
  expect(new Set(values).size).toBeGreaterThan(20)
  expect(initialise(spec, 42, name)).toEqual(values)
  expect(initialise(spec, 43, name)).not.toEqual(values)
  const b = adapters['bert.encoder.layer.0.attention.self.query.lora_B.weight']
  expect(b && initialise(b, 42, 'b')).toEqual(new Float32Array(32))
})
