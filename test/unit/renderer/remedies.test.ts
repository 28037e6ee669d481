import { describe, expect, test } from 'vitest'
import type { Run } from '../../../core/contract/domain.ts'
import type { ErrorPayload } from '../../../core/contract/errors.ts'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import { formAddress, remediesOf } from '../../../renderer/features/runs/remedies.ts'
import { settingsFrom } from '../../../renderer/features/train/use-prefill.ts'

const config = runConfigSchema.parse({ model: 'm', dataset: 'd', learning_rate: 5e-5 })
const alternatives = [{ settings: { max_length: 64 }, peakBytes: 2e9, neededBytes: 1e9 }]
const failed = (error: ErrorPayload | null): Pick<Run, 'error'> => ({ error })

test('what would fit is read out of the error of a run whose memory was not enough', () => {
  const details = { reason: 'OOM', alternatives }
  expect(remediesOf(failed({ code: 'out_of_memory', message: 'Not enough.', details }))).toEqual(alternatives)
  expect(remediesOf(failed({ code: 'internal', message: 'A defect.', details }))).toEqual([])
  expect(remediesOf(failed({ code: 'out_of_memory', message: 'Not enough.' }))).toEqual([])
  expect(remediesOf(failed(null))).toEqual([])
})

describe('the form opens', () => {
  const begun = { id: 'r1', config, bytes: 0, startedAt: 1 }
  const parts = (address: string) => {
    const [path, search] = address.split('?')
    return { path, search: new URLSearchParams(search) }
  }

  test('with the settings of the run but for these', () => {
    const { path, search } = parts(formAddress(begun, { max_length: 64 }))
    expect(path).toBe('/new')
    expect(search.get('from')).toBe('r1')
    expect(settingsFrom(search)).toEqual({ max_length: 64 })
    expect(settingsFrom(parts(formAddress(begun, {})).search)).toBeNull()
  })

  test('as a fork where there are weights to go on with that the method takes', () => {
    const saved = { ...begun, bytes: 1e6 }
    expect(parts(formAddress(saved, { max_length: 64 })).search.get('fork')).toBe('r1')
    expect(parts(formAddress(saved, { method: 'lora' })).search.get('fork')).toBeNull()
  })
})
