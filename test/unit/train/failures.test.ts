import { expect, test } from 'vitest'
import { AttuneError } from '../../../core/contract/errors.ts'
import { nameFailure } from '../../../core/train/failures.ts'

test.each([
  ['disk_full', Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })],
  ['out_of_memory', new Error('OOM when allocating tensor with shape[64,512,512] and type float')],
  ['out_of_memory', new RangeError('Array buffer allocation failed')],
])('%s is told from what was thrown', (code, thrown) => {
  const named = nameFailure(thrown)
  expect(named).toBeInstanceOf(AttuneError)
  expect(named).toMatchObject({ code, cause: thrown })
})

test('all else passes as it is', () => {
  const own = new AttuneError('bad_data', 'One class only.')
  const other = new Error('there is no room in this sentence')
  expect(nameFailure(own)).toBe(own)
  expect(nameFailure(other)).toBe(other)
  expect(nameFailure('text')).toBe('text')
})
