import { expect, test } from 'vitest'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { footprintOf } from '../../../core/engine/footprint/footprint.ts'
import { nativeBindingPath } from '../../../core/engine/native/load.ts'
import { describeFamily, familyNames } from '../../golden/family-reference.ts'
import { stepMemory } from '../../support/measure-steps.ts'
import { type SessionName, trainedSession } from '../../support/trained-session.ts'

const pace = { flopsPerUs: 2e5, bytesPerUs: 3e4, startUs: 4 }

async function foreseen(name: SessionName, settings: Partial<RunConfigInput>): Promise<number> {
  const { spec, programs } = trainedSession(name, settings)
  return (await footprintOf({ spec, programs, threads: 2, pace, kind: 'graph' })).tensorBytes
}

const ofBatch = (rows: number) => ({ per_device_train_batch_size: rows, per_device_eval_batch_size: rows })

test.skipIf(!nativeBindingPath()).each(familyNames)('every program of %s can be gone through', async (name) => {
  const { spec } = await describeFamily(name, 'full')
  const programs = Object.keys(spec.programs)
  const { tensorBytes, variableBytes } = await footprintOf({ spec, programs, threads: 2, pace, kind: 'graph' })
  expect(tensorBytes).toBeGreaterThan(variableBytes)
})

/** What is there for every batch (library, graph, threads) is in both processes, and not in the difference. */
test.skipIf(!nativeBindingPath()).each<[string, SessionName, Partial<RunConfigInput>]>([
  ['BERT, full', 'bert', {}],
  ['BERT, LoRA', 'bert', { method: 'lora' }],
  ['BERT on long rows', 'long rows', {}],
  ['GPT-2, full', 'gpt2', {}],
])('by how much a larger batch takes more is foreseen within a fifth: %s', async (_, name, settings) => {
  const [small, large] = [ofBatch(2), ofBatch(40)]
  const expected = (await foreseen(name, { ...settings, ...large })) - (await foreseen(name, { ...settings, ...small }))
  const seen =
    (await stepMemory(name, { ...settings, ...large })).peak - (await stepMemory(name, { ...settings, ...small })).peak
  expect(Math.abs(expected / seen - 1)).toBeLessThan(0.2)
})
