import { expect, test } from 'vitest'
import { decays, stepFeeds } from '../../../core/train/optimizer.ts'

test('weight decay leaves biases and norms alone', () => {
  const names = [
    'bert.encoder.layer.0.attention.self.query.weight',
    'bert.encoder.layer.0.attention.self.query.bias',
    'bert.encoder.layer.0.output.LayerNorm.weight',
    'bert.encoder.layer.0.output.LayerNorm.bias',
    'bert.encoder.layer.0.attention.self.query.lora_A.weight',
    'bert.embeddings.word_embeddings.weight',
    'model.norm.weight',
    'model.layers.0.input_layernorm.weight',
    'classifier.weight',
    'classifier.bias',
    'transformer.h.0.ln_1.weight',
    'transformer.ln_f.weight',
    'transformer.h.0.mlp.c_fc.weight',
  ]
  expect(names.filter(decays)).toEqual([names[0], names[4], names[5], names[8], names[12]])
})

test('an update is fed the same bits whatever came before it', () => {
  const config = { adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8, seed: 7 }
  const feeds = stepFeeds(config, 1000, 3e-5)
  expect(feeds.rng).toEqual(Int32Array.of(7, 1000))
  expect(feeds.learning_rate).toEqual(Float32Array.of(3e-5))
  expect(feeds.step_size).toEqual(Float32Array.of((3e-5 * Math.sqrt(1 - 0.999 ** 1000)) / (1 - 0.9 ** 1000)))
  expect(feeds.epsilon_hat).toEqual(Float32Array.of(1e-8 * Math.sqrt(1 - 0.999 ** 1000)))
})
