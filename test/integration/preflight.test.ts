import { writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { expect, test } from 'vitest'
import type { Run } from '../../core/contract/domain.ts'
import type { Preflight } from '../../core/contract/preflight.ts'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { attune } from '../support/attune.ts'
import { wideHome } from '../support/wide-model.ts'

test.skipIf(!nativeBindingPath()).each<['bert' | 'gpt2', string]>([
  ['bert', 'text-classification'],
  ['gpt2', 'text-generation'],
])('the peak that is foreseen of a run is within a fifth of what it turns out to be: %s', async (kind, task) => {
  const { home, config } = await wideHome(kind, task)
  const settings = { model: 'wide', dataset: 'texts', max_length: 128, max_steps: 3, precision: 'fp32' }
  await writeFile(config, JSON.stringify({ ...settings, per_device_train_batch_size: 32 }))

  const foreseen = await attune(home, 'preflight', config, '--no-measure', '--json')
  const trained = await attune(home, 'train', config, '--json')
  expect([foreseen.code, trained.code]).toEqual([0, 0])
  const [{ preflight }, { run }] = [foreseen.json[0], trained.json[0]] as [{ preflight: Preflight }, { run: Run }]
  const { memory, plan, verdict } = preflight
  const { timings, plan: actual, state } = run
  expect([verdict, state]).toEqual(['fits', 'finished'])
  const peak = timings?.peakMemoryBytes ?? 0
  expect(Math.abs(memory.peakBytes / peak - 1)).toBeLessThan(0.2)
  // A good part of it is the batch's: it is not a constant that is right.
  expect(memory.parts.find(({ name }) => name === 'activations')?.bytes).toBeGreaterThan(0.3 * memory.peakBytes)

  const { labels: _, ...counted } = actual ?? expect.fail('the run has no plan')
  expect(plan).toEqual({ ...counted, whole: true })
})

test.skipIf(totalmem() > 48e9)('what cannot fit is refused with settings that would, and they do', async () => {
  const { home, config } = await wideHome('bert', 'text-classification')
  const settings = { model: 'wide', dataset: 'texts', max_length: 512, max_steps: 1 }
  await writeFile(config, JSON.stringify({ ...settings, per_device_train_batch_size: 1024 }))

  const foreseen = await attune(home, 'preflight', config, '--no-measure', '--json')
  expect(foreseen.code).toBe(1)
  const [{ preflight }] = foreseen.json as unknown as [{ preflight: Preflight }]
  const { verdict, sentence, reason, alternatives } = preflight
  expect(verdict).toBe('does not fit')
  expect(sentence.startsWith(`${reason} It would with `)).toBe(true)
  expect(alternatives.map((way) => Object.keys(way.settings))).toContainEqual([
    'per_device_train_batch_size',
    'gradient_accumulation_steps',
  ])

  const refused = await attune(home, 'train', config, '--json')
  expect(refused.code).toBe(1)
  expect(refused.json[0]?.error).toMatchObject({ code: 'does_not_fit', details: { alternatives: expect.any(Array) } })

  for (const { settings: change, peakBytes } of alternatives) {
    const sets = Object.entries(change).map(([name, value]) => `${name}=${value}`)
    const { json } = await attune(home, 'preflight', config, '--no-measure', '--json', '--set', ...sets)
    const [again] = json as unknown as [{ preflight: Preflight }]
    expect(again.preflight.verdict).not.toBe('does not fit')
    expect(Math.abs(again.preflight.memory.peakBytes / peakBytes - 1)).toBeLessThan(0.05)
  }
})
