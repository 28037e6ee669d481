import { describe, expect, test } from 'vitest'
import type { Model } from '../../../core/contract/domain.ts'
import { blueprints, usualLearningRate } from '../../../core/contract/presets.ts'
import {
  type CreateDraft,
  emptyCreateDraft,
  readCreateDraft,
  withArchitecture,
} from '../../../renderer/features/models/create-draft.ts'

const tiny = { id: 'm1', name: 'Tiny', vocabSize: 126, tokenizerHash: 'ab' } as Model
const read = (changes: Partial<CreateDraft>) => readCreateDraft({ ...emptyCreateDraft, ...changes }, [tiny])

describe('the form for a model from scratch', () => {
  test('counts parameters before everything is chosen', () => {
    const { input, parameters, problem } = read({})
    expect([input, problem]).toEqual([null, expect.stringContaining('dataset')])
    expect(parameters).toBeGreaterThan(8000 * 128)
  })

  test('gives what the call takes', () => {
    const { input, problem } = read({ dataset: 'd1', typed: { hidden_size: ' 64 ' }, name: ' Mine ', seed: '7' })
    expect(problem).toBeNull()
    expect(input).toEqual({
      ...{ architecture: 'bert', size: 'tiny', fields: { hidden_size: 64 }, seed: 7, name: 'Mine' },
      tokenizer: { from: 'dataset', dataset: 'd1', kind: 'wordpiece', vocabSize: 8000, lowercase: true },
    })
    expect(read({ from: 'model', model: 'm1' }).input?.tokenizer).toEqual({ from: 'model', model: 'm1' })
  })

  test('counts the tokens of the model whose tokenizer it takes', () => {
    const one = read({ from: 'model', model: 'm1' }).parameters as number
    const other = read({ vocabSize: '1126' }).parameters as number
    expect(other - one).toBe(1000 * 128)
  })

  test('fields with choices are what they stand for', () => {
    const { input } = read({
      ...withArchitecture(emptyCreateDraft, 'lstm'),
      ...{ dataset: 'd1', typed: { bidirectional: 'true', pooling: 'mean' } },
    })
    expect(input?.fields).toEqual({ bidirectional: true, pooling: 'mean' })
  })

  test.each([
    [{ typed: { hidden_size: 'wide' } }, /hidden_size is "wide"/],
    [{ vocabSize: '' }, /nothing was given/],
    [{ vocabSize: '12' }, /300 to 200000/],
    [{ dataset: 'd1', seed: '-1' }, /seed/],
    [{ from: 'model', model: 'gone' } as const, /Choose the model/],
  ])('says what is wrong: %j', (changes, sentence) => {
    const { input, problem } = read(changes)
    expect(input).toBeNull()
    expect(problem).toMatch(sentence)
  })

  test('another architecture has sizes of its own', () => {
    const draft = withArchitecture({ ...emptyCreateDraft, typed: { hidden_size: '3' } }, 'gpt2')
    expect([draft.typed, draft.kind]).toEqual([{}, 'bpe'])
  })
})

test('all of a model that was drawn learns at a higher rate than one that came with weights', () => {
  const drawn = { source: 'from scratch, seed 1', architecture: 'gpt2' }
  expect(usualLearningRate('full', drawn)).toBe(blueprints.gpt2?.learningRate)
  expect(usualLearningRate('full', { ...drawn, source: 'folder' })).toBe(5e-5)
  expect(usualLearningRate('lora', drawn)).toBe(1e-3)
  expect(usualLearningRate('full', undefined)).toBe(5e-5)
})
