import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonErrorOffset, lineAndColumn } from '../../../core/cli/json-position.ts'
import { readRunSettings } from '../../../core/cli/run-settings.ts'
import { AttuneError } from '../../../core/contract/errors.ts'

const base = { model: 'minilm', dataset: 'mails' }
const read = (settings: object, sets?: string[]) => readRunSettings(JSON.stringify(settings), 'c.json', sets)

function failure(work: () => unknown): AttuneError {
  try {
    work()
  } catch (error) {
    if (error instanceof AttuneError) return error
  }
  throw new Error('it did not fail with an AttuneError')
}

describe('settings', () => {
  test('are kept as written, defaults left to the app', () => {
    expect(read({ ...base, method: 'lora' })).toEqual({ ...base, method: 'lora' })
  })

  test('unknown names are refused with the nearest known one', () => {
    const error = failure(() => read({ ...base, leraning_rate: 1e-3, epochs: 2, batch_size: 8, lr: 1 }))
    expect(error.code).toBe('bad_config')
    expect(error.details?.unknown).toEqual([
      { name: 'leraning_rate', nearest: 'learning_rate' },
      { name: 'epochs', nearest: 'num_train_epochs' },
      { name: 'batch_size', nearest: 'per_device_train_batch_size' },
      { name: 'lr', nearest: 'learning_rate' },
    ])
    expect(error.message).toContain('"leraning_rate" (did you mean "learning_rate"?)')
    expect(failure(() => read({ ...base, constructor: 1 })).message).toContain('"constructor"')
    expect(failure(() => readRunSettings('{"__proto__": 1}', 'c.json')).message).toContain('"__proto__"')
  })

  test('impossible and missing values are named with their value', () => {
    expect(failure(() => read({ ...base, learning_rate: 50 })).message).toContain('"learning_rate" is 50: ')
    expect(failure(() => read({ dataset: 'mails' })).message).toBe('c.json: the setting "model" is missing.')
    expect(failure(() => read([base])).message).toContain('one JSON object')
  })

  test('--set wins over the file and reads each value as its setting wants it', () => {
    const sets = ['seed=7', 'learning_rate=1e-3', 'name=123', 'target_modules=query,value', 'lr_scheduler_type=cosine']
    expect(read({ ...base, seed: 1 }, sets)).toEqual({
      ...base,
      seed: 7,
      learning_rate: 0.001,
      name: '123',
      target_modules: ['query', 'value'],
      lr_scheduler_type: 'cosine',
    })
    expect(read(base, ['target_modules=["key"]'])).toMatchObject({ target_modules: ['key'] })
    expect(read(base, ['name=a=b'])).toMatchObject({ name: 'a=b' })
    expect(failure(() => read(base, ['seed'])).message).toContain('key=value')
    expect(failure(() => read(base, ['sed=1'])).message).toContain('did you mean "seed"?')
    expect(failure(() => read(base, ['seed=x'])).message).toContain('"seed" is "x"')
  })
})

describe('broken JSON', () => {
  test.each([
    ['{"a": tru}', 1, 7],
    ['{\n  "a": 1,\n}', 3, 1],
    ['{ a: 1 }', 1, 3],
    ['{"a": 1', 1, 8],
    ['', 1, 1],
    ['{"a": 1} x', 1, 10],
    ['{"a": "x\ny"}', 1, 7],
    ["{'a': 1}", 1, 2],
  ])('%j breaks at line %i, column %i', (text, line, column) => {
    const error = failure(() => readRunSettings(text, 'c.json'))
    expect(error.code).toBe('bad_config')
    expect(error.details).toMatchObject({ line, column })
    expect(error.message).toMatch(/^c\.json is not JSON: .+ \(line \d+, column \d+\)\.$/)
  })

  test('a position is found exactly when JSON.parse fails', () => {
    const isJson = (text: string) => {
      try {
        JSON.parse(text)
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat(), fc.string({ maxLength: 2 }), (json, at, junk) => {
        const cut = at % (json.length + 1)
        const broken = json.slice(0, cut) + junk + json.slice(cut + 1)
        expect(jsonErrorOffset(json)).toBeNull()
        expect(jsonErrorOffset(broken) === null).toBe(isJson(broken))
      }),
      { numRuns: 500 },
    )
  })

  test('lines are counted at every kind of line end', () => {
    expect(lineAndColumn('a\nb\r\nc\rd', 7)).toEqual({ line: 4, column: 1 })
    expect(lineAndColumn('ab', 0)).toEqual({ line: 1, column: 1 })
  })
})
