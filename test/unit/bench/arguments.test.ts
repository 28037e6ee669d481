import { describe, expect, test } from 'vitest'
import { readArguments } from '../../bench/arguments.ts'
import { errorOf } from '../../support/temporary.ts'

const known = ['bert-s', 'minilm-full', 'startup']

describe('the command line of the benchmark', () => {
  test('runs every case when none is named', () => {
    expect(readArguments([], known)).toEqual({
      cases: known,
      json: false,
      list: false,
      compile: false,
      rounds: 2,
      steps: null,
    })
  })

  test('runs the named ones in the order of the list', () => {
    const { cases, json, steps } = readArguments(['startup', '--json', 'bert-s', '--steps', '5'], known)
    expect({ cases, json, steps }).toEqual({ cases: ['bert-s', 'startup'], json: true, steps: 5 })
  })

  test('names the nearest case for one that is not there', async () => {
    const error = await errorOf('bad_request', () => readArguments(['minilm-ful'], known))
    expect(error.message).toContain('Did you mean "minilm-full"?')
  })

  test.each([['--rounds', '0'], ['--steps', '1.5'], ['--fast']])('refuses %s %s', async (...args) => {
    const error = await errorOf('bad_request', () => readArguments(args, known))
    expect(error.message).toContain(args[0])
  })
})
