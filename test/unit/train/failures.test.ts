import { expect, test } from 'vitest'
import { AttuneError } from '../../../core/contract/errors.ts'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import { memoryAdvice, nameFailure } from '../../../core/train/failures.ts'

test.each([
  ['disk_full', Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })],
  ['out_of_memory', new Error('OOM when allocating tensor with shape[64,512,512] and type float')],
  ['out_of_memory', new RangeError('Array buffer allocation failed')],
])('%s is told from what was thrown', (code, thrown) => {
  const named = nameFailure(thrown, 'Choose less.')
  expect(named).toBeInstanceOf(AttuneError)
  expect(named).toMatchObject({ code, cause: thrown })
})

test('all else passes as it is', () => {
  const own = new AttuneError('bad_data', 'One class only.')
  const other = new Error('there is no room in this sentence')
  expect(nameFailure(own, '')).toBe(own)
  expect(nameFailure(other, '')).toBe(other)
  expect(nameFailure('text', '')).toBe('text')
})

test('C11: the advice names settings that take less memory, with their numbers', () => {
  const config = runConfigSchema.parse({ model: 'm', dataset: 'd', learning_rate: 1, per_device_train_batch_size: 7 })
  expect(memoryAdvice(config)).toBe(
    'Choose per_device_train_batch_size 4 with gradient_accumulation_steps 2, which trains the same steps with half the ' +
      'activations; or gradient_checkpointing; or a max_length below 128; or method "lora".',
  )
  const least = { ...config, per_device_train_batch_size: 1, gradient_checkpointing: true, method: 'lora' } as const
  expect(memoryAdvice(least)).toBe('Choose a max_length below 128.')
})
