import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { nativeBindingPath } from '../../../core/engine/native/load.ts'
import { goldenDir } from '../../golden/reference.ts'
import { largestDifference } from '../../support/engines.ts'
import { stepMemory } from '../../support/measure-steps.ts'
import { seriesOf, tinySpec, trainTiny } from './fixture.ts'

test.each<[string, Partial<RunConfigInput>]>([
  ['full', {}],
  ['lora', { method: 'lora', lora_dropout: 0.1, learning_rate: 0.01 }],
  ['eager', { engine: 'eager', num_train_epochs: 2 }],
  ['gpt2', { task: 'text-generation' }],
])('recomputed activations change no number, dropout among them: %s', async (name, change) => {
  const numbersOf = async (recompute: boolean) => {
    const settings = { num_train_epochs: 6, dropout: 0.1, ...change, gradient_checkpointing: recompute }
    const spec = await tinySpec(settings)
    const { events, thrown } = await trainTiny(
      name === 'gpt2' ? { ...spec, modelDir: join(goldenDir, 'tiny-gpt2'), labels: [] } : spec,
    )
    expect(thrown).toBeNull()
    return ['train/loss', 'train/grad_norm', 'eval/loss'].flatMap((series) =>
      seriesOf(events, series).map(({ value }) => value),
    )
  }
  const [plain, again] = [await numbersOf(false), await numbersOf(true)]
  expect(plain.length).toBeGreaterThan(8)
  expect(largestDifference(plain, again)).toBeLessThan(5e-6)
})

test.skipIf(!nativeBindingPath())('recomputed activations do not lie in memory', async () => {
  const peakOf = async (recompute: boolean) =>
    (await stepMemory('long rows', { gradient_checkpointing: recompute })).peak
  const [plain, again] = [await peakOf(false), await peakOf(true)]
  // Of eight layers' attention (8 × 4 × 256 × 256 numbers a tensor, several a layer) one layer's is left.
  expect(plain - again).toBeGreaterThan(100e6)
})
