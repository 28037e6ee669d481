import { describe, expect, test } from 'vitest'
import type { Model } from '../../../core/contract/domain.ts'
import { runConfigInputSchema, runConfigSchema, settingInfos } from '../../../core/contract/settings.ts'
import { blockedBecause } from '../../../renderer/features/train/blocked.ts'
import {
  commandOf,
  configOf,
  type Draft,
  draftFrom,
  emptyDraft,
  readDraft,
  settingOf,
  takenBack,
  withSettings,
} from '../../../renderer/features/train/draft.ts'
import {
  type Field,
  fields,
  fieldsFor,
  placeholderOf,
  readNumber,
  stepped,
  writeNumber,
} from '../../../renderer/features/train/field.ts'
import { modelFor, settingsFrom } from '../../../renderer/features/train/use-prefill.ts'

const field = (name: string): Field => {
  const found = fields.find((one) => one.name === name)
  if (!found) throw new Error(`no field ${name}`)
  return found
}
const chosen: Draft = { ...emptyDraft, model: 'm1', dataset: 'd1' }

/** MiniLM-L6's own figures. */
const miniLm = {
  id: 'm1',
  name: 'MiniLM-L6',
  architecture: 'bert',
  source: 'folder',
  parameters: 22_713_216,
  hiddenSize: 384,
  layers: 6,
  maxPositions: 512,
  linearModules: ['query', 'key', 'value', 'attention.output.dense', 'intermediate.dense', 'output.dense'],
} as Model

describe('fields made from the settings table', () => {
  test('every listed setting has one, of the kind its schema has', () => {
    expect(fields.map(({ name }) => name)).toEqual(settingInfos.map(({ name }) => name))
    expect(field('learning_rate').input).toEqual({ kind: 'number', integer: false })
    expect(field('seed').input).toEqual({ kind: 'number', integer: true })
    expect(field('lr_scheduler_type').input).toEqual({ kind: 'choice', options: ['linear', 'cosine', 'constant'] })
    expect(field('target_modules').input).toEqual({ kind: 'list' })
    expect(field('name').input).toEqual({ kind: 'text' })
    expect(field('gradient_checkpointing').input).toEqual({ kind: 'switch' })
  })

  test('the adapter settings belong to LoRA alone', () => {
    const names = (method: 'full' | 'lora') => fieldsFor(method, 'text-classification').map(({ name }) => name)
    expect(names('lora')).toContain('lora_r')
    expect(names('full')).not.toContain('lora_r')
    expect(names('full')).not.toContain('target_modules')
  })

  test('the default stands there in grey, and the learning rate goes with the method', () => {
    expect(placeholderOf(field('learning_rate'), 'full')).toBe('5e-5')
    expect(placeholderOf(field('learning_rate'), 'lora')).toBe('1e-3')
    expect(placeholderOf(field('adam_epsilon'), 'full')).toBe('1e-8')
    expect(placeholderOf(field('max_train_samples'), 'full')).toBe('All')
  })

  test('a yes or no is read from its word, and an earlier run’s is written as one', () => {
    const typed = { gradient_checkpointing: 'true' }
    expect(readDraft({ ...chosen, typed }).given).toEqual({ gradient_checkpointing: true })
    const config = runConfigSchema.parse({ ...configOf({ ...chosen, typed }), learning_rate: 5e-5 })
    expect(draftFrom(config).typed).toEqual(typed)
  })
})

describe('numbers as people write them', () => {
  test.each([
    ['5e-5', 5e-5],
    ['1E-3', 1e-3],
    [' 0.01 ', 0.01],
    ['0,5', 0.5],
    ['.5', 0.5],
    ['−1', -1],
    ['3.', 3],
  ])('%s is %d', (text, value) => expect(readNumber(text)).toBe(value))

  test.each(['', 'abc', '1e', '5e-5x', '1.2.3', '0x10', 'Infinity', '--1'])('%j is no number', (text) => {
    expect(readNumber(text)).toBeUndefined()
  })

  test('small values come back in the form they are known by', () => {
    expect([5e-5, 1e-3, 0.01, 0.2, 16, -1, 0].map(writeNumber)).toEqual([
      '5e-5',
      '1e-3',
      '0.01',
      '0.2',
      '16',
      '-1',
      '0',
    ])
    for (const value of [5e-5, 3.2e-4, 1e-8, 12.5]) expect(readNumber(writeNumber(value))).toBe(value)
  })
})

describe('steps', () => {
  const walk = (name: string, from: number, direction: 1 | -1, count: number) => {
    const values = [from]
    for (let at = 0; at < count; at++) values.push(stepped(field(name), values.at(-1) ?? 0, direction))
    return values
  }

  test('rates go 1, 2, 5', () => {
    expect(walk('learning_rate', 5e-5, 1, 4)).toEqual([5e-5, 1e-4, 2e-4, 5e-4, 1e-3])
    expect(walk('learning_rate', 3e-5, -1, 2)).toEqual([3e-5, 2e-5, 1e-5])
  })

  test('sizes double and halve, also from in between', () => {
    expect(walk('per_device_train_batch_size', 16, 1, 2)).toEqual([16, 32, 64])
    expect(walk('max_length', 100, 1, 1)).toEqual([100, 128])
    expect(walk('max_length', 100, -1, 2)).toEqual([100, 64, 32])
  })

  test('a decay rate moves by how far it is from one', () => {
    expect(walk('adam_beta2', 0.999, -1, 2)).toEqual([0.999, 0.998, 0.995])
  })

  test('a step that the schema refuses is not taken', () => {
    expect(stepped(field('per_device_train_batch_size'), 1, -1)).toBe(1)
    expect(stepped(field('max_length'), 4096, 1)).toBe(4096)
    expect(stepped(field('warmup_ratio'), 1, 1)).toBe(1)
    expect(stepped(field('max_steps'), -1, -1)).toBe(-1)
  })
})

describe('reading the form', () => {
  test('what was typed is read, what was left empty is not given', () => {
    const { given, problems } = readDraft({
      task: 'text-classification',
      method: 'lora',
      typed: { learning_rate: '5e-4', seed: ' 7 ', name: '  ', target_modules: ['query'] },
    })
    expect(given).toEqual({ learning_rate: 5e-4, seed: 7, target_modules: ['query'] })
    expect(problems).toEqual({})
  })

  test('each field has its own problem, in the words of the schema', () => {
    const { given, problems } = readDraft({
      task: 'text-classification',
      method: 'full',
      typed: { learning_rate: 'fast', seed: '1.5', max_length: '4', num_train_epochs: '2' },
    })
    expect(given).toEqual({ num_train_epochs: 2 })
    expect(problems.learning_rate).toBe('"fast" is not a number.')
    const schema = runConfigInputSchema.shape.max_length.safeParse(4).error?.issues[0]?.message
    expect(problems.max_length).toContain(schema)
    expect(problems.seed).toBeDefined()
  })

  test('settings of another method are kept in the form but not read', () => {
    const typed = { lora_r: 'nonsense' }
    expect(readDraft({ method: 'full', task: 'text-classification', typed })).toEqual({ given: {}, problems: {} })
    expect(readDraft({ method: 'lora', task: 'text-classification', typed }).problems.lora_r).toBeDefined()
  })

  test('the value in force falls back to the default of the method', () => {
    expect(settingOf({}, 'learning_rate', 'head')).toBe(1e-3)
    expect(settingOf({ learning_rate: 2e-5 }, 'learning_rate', 'head')).toBe(2e-5)
    expect(settingOf({}, 'per_device_train_batch_size', 'full')).toBe(16)
  })

  test('CONFIG.json holds what was chosen, and the contract takes it', () => {
    const config = configOf({ ...chosen, method: 'lora', typed: { lora_r: '16' } })
    expect(config).toEqual({ model: 'm1', dataset: 'd1', task: 'text-classification', method: 'lora', lora_r: 16 })
    expect(runConfigInputSchema.safeParse(config).success).toBe(true)
    expect(configOf({ ...chosen, typed: { seed: 'x' } })).toBeNull()
    expect(configOf({ ...chosen, dataset: null })).toBeNull()
  })

  test('the command carries the same JSON', () => {
    const config = configOf({ ...chosen, typed: { num_train_epochs: '2' } })
    if (!config) throw new Error('no config')
    const json = commandOf(config).split("<<'JSON'\n")[1]?.split('\nJSON\n')[0]
    expect(JSON.parse(json ?? '')).toEqual(config)
  })
})

test('cloning a run writes only what is not a default, and comes back the same', () => {
  const run = runConfigSchema.parse({
    model: 'm1',
    dataset: 'd1',
    name: 'first try',
    method: 'lora',
    learning_rate: 5e-4,
    lora_r: 16,
    target_modules: ['query', 'key'],
  })
  const draft = draftFrom(run)
  expect(draft.typed).toEqual({ learning_rate: '5e-4', lora_r: '16', target_modules: ['query', 'key'] })
  const { name: _, ...rest } = run
  expect(runConfigSchema.parse(configOf(draft))).toEqual(rest)
  expect(draftFrom({ ...run, learning_rate: 1e-3 }).typed.learning_rate).toBeUndefined()
})

describe('settings that take the place of others', () => {
  const draft: Draft = {
    ...chosen,
    typed: { per_device_train_batch_size: '32', learning_rate: '3e-5', num_train_epochs: '2' },
  }
  const smaller = { per_device_train_batch_size: 16, gradient_accumulation_steps: 2 }

  test('are written as a person would: what equals a default is left empty', () => {
    expect(withSettings(draft, smaller)).toEqual({
      ...draft,
      typed: { learning_rate: '3e-5', num_train_epochs: '2', gradient_accumulation_steps: '2' },
    })
    const lora = withSettings(draft, { method: 'lora', learning_rate: 1e-3, gradient_checkpointing: true })
    expect(lora.method).toBe('lora')
    expect(lora.typed.learning_rate).toBeUndefined()
    expect(lora.typed.gradient_checkpointing).toBe('true')
  })

  test('are put back with what stood there, and what was entered since stays', () => {
    const applied = { settings: { method: 'lora', learning_rate: 1e-3, ...smaller } as const, before: draft }
    const since = withSettings(withSettings(draft, applied.settings), { seed: 7 })
    expect(takenBack(since, applied)).toEqual({ ...draft, typed: { ...draft.typed, seed: '7' } })
    expect(takenBack({ ...since, method: 'head' }, { settings: smaller, before: draft }).method).toBe('head')
  })

  test('come with an address, none of them filled in; what are no settings is let go', () => {
    const from = (text: string) => settingsFrom(new URLSearchParams({ set: text }))
    expect(from(JSON.stringify(smaller))).toEqual(smaller)
    expect(from('{"max_length":3}')).toBeNull()
    expect(from('{"max_lenth":64}')).toBeNull()
    expect(from('{')).toBeNull()
    expect(settingsFrom(new URLSearchParams())).toBeNull()
  })
})

describe('why Start is blocked', () => {
  const dataset = { name: 'Mails', task: 'text-classification', labels: [{}, {}] } as Parameters<
    typeof blockedBecause
  >[0]['dataset']
  const stories = { name: 'Stories', task: 'text-generation', labels: [] } as unknown as typeof dataset
  const because = (draft: Draft, more: Partial<Parameters<typeof blockedBecause>[0]> = {}) =>
    blockedBecause({ draft, read: readDraft(draft), model: miniLm, dataset, info: undefined, ...more })

  test('not at all when all is there', () => expect(because(chosen)).toBeNull())

  test('by the first thing that is missing or wrong', () => {
    expect(because(chosen, { model: undefined })).toBe('Choose a model.')
    expect(because(chosen, { dataset: undefined })).toBe('Choose a dataset.')
    expect(because({ ...chosen, typed: { weight_decay: '3' } })).toMatch(/^Weight decay: /)
    expect(because({ ...chosen, typed: { max_length: '1024' } })).toContain('at most 512 tokens')
    const tellingStories: Draft = { ...chosen, task: 'text-generation' }
    expect(because(tellingStories, { dataset: stories })).toContain('cannot be trained for text generation')
    const unknown: Draft = { ...chosen, method: 'lora', typed: { target_modules: ['c_attn'] } }
    expect(because(unknown)).toContain('"c_attn"')
    const path: Draft = { ...chosen, method: 'lora', typed: { target_modules: ['attention.self.query'] } }
    expect(because(path)).toBeNull()
    expect(because(chosen, { info: { engine: null, engineProblem: 'The library is missing.' } })).toBe(
      'The library is missing.',
    )
  })
})

test('a form begins with a model that can learn what the dataset is for', () => {
  const models = [
    { id: 'sees', architecture: 'vit' },
    { id: 'reads', architecture: 'bert' },
    { id: 'reads too', architecture: 'gpt2' },
  ]
  expect(modelFor(null, models, 'image-classification', 'reads')).toBe('sees')
  expect(modelFor(null, models, 'text-classification', 'reads')).toBe('reads')
  // Several would do, and none was used: nobody decides for the person.
  expect(modelFor(null, models, 'text-classification', 'sees')).toBeNull()
  expect(modelFor('reads', models, 'image-classification', 'sees')).toBe('reads')
  expect(modelFor('gone', models, null, 'reads')).toBe('reads')
  // The only one there is can learn nothing of this.
  const [sees] = models
  expect(modelFor(null, sees ? [sees] : [], 'text-classification', 'sees')).toBeNull()
  expect(modelFor('sees', sees ? [sees] : [], 'text-classification', undefined)).toBe('sees')
})
