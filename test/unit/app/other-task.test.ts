import { join } from 'node:path'
import { expect, test } from 'vitest'
import { labelsFor, suits } from '../../../core/contract/roles.ts'
import { importSample, openApp, temporaryPlace } from '../../support/small-app.ts'

test('texts with labels will do where texts alone are learned from, not the other way round', () => {
  expect(suits('text-classification', 'text-generation')).toBe(true)
  expect(suits('text-generation', 'text-classification')).toBe(false)
  expect(suits('text-generation', 'text2text-generation')).toBe(false)
  // Their texts are turns, paths and names.
  for (const data of ['chat', 'image-classification', 'decision-making'] as const) {
    expect(suits(data, 'text-generation')).toBe(false)
  }
  const data = { labels: [{ label: 'ham' }, { label: 'spam' }] }
  expect(labelsFor('text-classification', data)).toEqual(['ham', 'spam'])
  expect(labelsFor('text-generation', data)).toEqual([])
})

test('a language model is trained on a labelled dataset, and knows of no labels', async () => {
  const started: unknown[] = []
  const small = await openApp(temporaryPlace(), {}, (spec) => started.push(spec))
  const dataset = await importSample(small)
  const folder = join(import.meta.dirname, '..', '..', 'golden', 'tiny-gpt2')
  const source = { kind: 'file', handle: small.app.files.register(folder) } as const
  const { model } = await small.call('models.add', { source })
  const config = { model: model.id, dataset, task: 'text-generation', max_length: 24 } as const
  await small.call('runs.create', { config, ignorePreflight: true })
  await expect.poll(() => started.length).toBe(1)
  expect(started[0]).toMatchObject({ kind: 'train', labels: [], config: { task: 'text-generation' } })
  const other = small.call('runs.create', { config: { ...config, task: 'text2text-generation' } })
  await expect(other).rejects.toMatchObject({ code: 'bad_config', message: expect.stringContaining('is for') })
})
