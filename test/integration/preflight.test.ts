import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Run } from '../../core/contract/domain.ts'
import type { Preflight } from '../../core/contract/preflight.ts'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { attune, temporaryHome } from '../support/attune.ts'
import { writeWideModel } from '../support/wide-model.ts'

const words = ['free', 'money', 'kernel', 'patch', 'meeting', 'list', 'prize', 'click', 'the', 'win']

/** Texts that fill a row of 128 tokens. */
function longTexts(count: number): string {
  const text = (row: number) => Array.from({ length: 140 }, (_, i) => words[(row * 7 + i * 3) % words.length]).join(' ')
  return `text,label\n${Array.from({ length: count }, (_, i) => `${text(i)},${i % 2 === 0 ? 'spam' : 'ham'}`).join('\n')}\n`
}

test.skipIf(!nativeBindingPath()).each<['bert' | 'gpt2', string]>([
  ['bert', 'text-classification'],
  ['gpt2', 'text-generation'],
])('the peak that is foreseen of a run is within a fifth of what it turns out to be: %s', async (kind, task) => {
  const home = await temporaryHome()
  const [file, config] = [join(home, 'texts.csv'), join(home, 'config.json')]
  await writeFile(file, longTexts(120))
  await writeWideModel(join(home, 'wide'), kind)
  await attune(home, 'models', 'add', join(home, 'wide'), '--name', 'wide')
  const map = kind === 'bert' ? 'text=text,label=label' : 'text=text'
  await attune(home, 'datasets', 'import', file, '--name', 'texts', '--task', task, '--map', map)
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
