import { describe, expect, test } from 'vitest'
import { blueprints } from '../../../core/contract/presets.ts'
import { recurrentTypes, sizesLike } from '../../../core/contract/recurrent-baseline.ts'
import { architectureOf } from '../../../core/models/registry.ts'
import { countParameters } from '../../../core/train/trainable.ts'

const sized = [
  { parameters: 22_713_986, vocabSize: 30_522, hiddenSize: 384 },
  { parameters: 124_439_808, vocabSize: 50_257, hiddenSize: 768 },
  { parameters: 1_900_000, vocabSize: 8000, hiddenSize: 128 },
]

describe.each(recurrentTypes)('a %s of the same size', (type) => {
  test.each(sized)('has nearly the parameters of a model of $parameters, its head among them', (like) => {
    const architecture = architectureOf(type)
    for (const task of ['text-classification', 'text-generation'] as const) {
      const { sizes, parameters } = sizesLike(type, like, task, 2)
      const full = { ...blueprints[type]?.presets.tiny, ...sizes }
      const config = architecture.parseConfig(
        blueprints[type]?.config(full, { size: like.vocabSize, padId: 0, eosId: null }),
      )
      const { classifier, languageModel } = architecture.heads
      const specs = (task === 'text-classification' ? classifier : languageModel)?.parameters(config, 2) ?? {}
      expect(parameters).toBe(countParameters(specs))
      expect(Math.abs(parameters / like.parameters - 1)).toBeLessThan(0.02)
    }
  })
})

test('a classifier reads embeddings as wide as the model does; one that writes has one matrix for both', () => {
  const [like] = sized as [(typeof sized)[0]]
  expect(sizesLike('lstm', like, 'text-classification', 2).sizes).toMatchObject({
    embedding_size: 384,
    tie_word_embeddings: false,
  })
  const { sizes } = sizesLike('lstm', like, 'text-generation', 0)
  expect([sizes.tie_word_embeddings, sizes.embedding_size]).toEqual([true, sizes.hidden_size])
})

test('nothing is too small for one', () => {
  expect(
    sizesLike('gru', { parameters: 10, vocabSize: 100, hiddenSize: 8 }, 'text-classification', 2).sizes.hidden_size,
  ).toBe(8)
})
