import { describe, expect, test } from 'vitest'
import type { Checkpoint, Run } from '../../../core/contract/domain.ts'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import { configOf, draftFrom } from '../../../renderer/features/train/draft.ts'
import { checkpointOf, type Fork, forkCommand, forkFrom, methodProblem } from '../../../renderer/features/train/fork.ts'

const config = runConfigSchema.parse({
  model: 'm1',
  dataset: 'd1',
  method: 'lora',
  learning_rate: 1e-3,
  max_length: 64,
  target_modules: ['query', 'value'],
  name: 'parent',
})
const parent = { name: 'parent', config } as Run
const fork: Fork = { run: 'r1', checkpoint: 'best', optimizer: false }

test('the address says which run and which of its checkpoints', () => {
  const from = (address: string) => forkFrom(new URLSearchParams(address))
  expect(from('model=m1')).toBeNull()
  expect(from('fork=r1')).toEqual(fork)
  expect(from('fork=r1&checkpoint=last')).toEqual({ ...fork, checkpoint: 'last' })
  expect(from('fork=r1&checkpoint=120')).toEqual({ ...fork, checkpoint: 120 })
  expect(from('fork=r1&checkpoint=first')).toEqual(fork)
})

test('a checkpoint is meant by what it is, or by its step', () => {
  const all = [
    { step: 30, best: false, last: true },
    { step: 20, best: true, last: false },
  ] as Checkpoint[]
  expect(checkpointOf(all, fork)?.step).toBe(20)
  expect(checkpointOf(all, { ...fork, checkpoint: 'last' })?.step).toBe(30)
  expect(checkpointOf(all, { ...fork, checkpoint: 30 })?.step).toBe(30)
  expect(checkpointOf(all, { ...fork, checkpoint: 7 })).toBeUndefined()
})

test('an adapter stays one, and a whole model stays whole', () => {
  expect(methodProblem('lora', parent)).toBeNull()
  expect(methodProblem('head', parent)).toMatch(/^Method: “parent” has trained an adapter/)
  const whole = { ...parent, config: { ...config, method: 'full' as const } }
  expect(methodProblem('head', whole)).toBeNull()
  expect(methodProblem('lora', whole)).toMatch(/a whole model/)
})

describe('the command', () => {
  const draft = draftFrom(config)
  const commandFor = (typed: object, more: Partial<Fork> = {}) => {
    const written = configOf({ ...draft, typed: { ...draft.typed, ...typed } })
    return forkCommand({ ...fork, ...more }, written ?? expect.fail('it cannot be written'), config)
  }

  test('of the settings as they were sets none', () => {
    expect(commandFor({})).toBe('npm run -s attune -- runs fork r1 --checkpoint best \\\n  --watch')
  })

  test('sets what is another, also where that is the default again', () => {
    expect(
      commandFor({ num_train_epochs: '1', max_length: '', name: "it's new" }, { checkpoint: 20, optimizer: true }),
    ).toBe(
      [
        'npm run -s attune -- runs fork r1 --checkpoint 20',
        '  --optimizer',
        `  --set 'name=it'\\''s new' max_length=128 num_train_epochs=1`,
        '  --watch',
      ].join(' \\\n'),
    )
  })
})
