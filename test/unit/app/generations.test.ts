import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decoderFolder } from '../../golden/decoder-reference.ts'
import { importSample, openApp, type SmallApp, temporaryPlace, until, untilState } from '../../support/small-app.ts'
import { errorOf } from '../../support/temporary.ts'

/** A run of task text-generation that has ended; its checkpoints are the script's. */
async function writingApp(): Promise<{ small: SmallApp; run: string }> {
  const place = temporaryPlace()
  const small = await openApp(place)
  const path = join(place.home, 'stories.jsonl')
  writeFileSync(path, Array.from({ length: 20 }, (_, i) => JSON.stringify({ text: `story ${i}` })).join('\n'))
  const handle = small.app.files.register(path, 'stories.jsonl')
  const { dataset } = await small.call('datasets.import', { source: { kind: 'file', handle }, task: 'text-generation' })
  const folder = small.app.files.register(decoderFolder('gpt2'), 'tiny-gpt2')
  const { model } = await small.call('models.add', { source: { kind: 'file', handle: folder } })
  const config = { model: model.id, dataset: dataset.id, max_length: 32 }
  const { run } = await small.call('runs.create', { config })
  expect(run.config.task).toBe('text-generation')
  await untilState(small, run.id, 'finished')
  return { small, run: run.id }
}

test('a generation grows, is told of, and can be read until its end', async () => {
  const { small, run } = await writingApp()
  const options = { max_new_tokens: 3 }
  const { generation } = await small.call('generations.start', { run, prompts: ['a', 'b'], options })
  expect(generation).toMatchObject({ ended: false, texts: [{ prompt: 'a', text: '' }, { prompt: 'b' }] })
  const read = async () => (await small.call('generations.get', { id: generation.id })).generation
  await until(read, ({ ended }) => ended)
  expect((await read()).texts).toEqual([
    { prompt: 'a', text: ' a a a', reason: 'max_new_tokens', tokens: 3 },
    { prompt: 'b', text: ' b b b', reason: 'max_new_tokens', tokens: 3 },
  ])
  expect(small.events).toContainEqual({ type: 'generation', id: generation.id })
})

test('one is written after the other, and either can be cancelled', async () => {
  const { small, run } = await writingApp()
  const options = { max_new_tokens: 100_000 }
  const start = async () => (await small.call('generations.start', { run, prompts: ['x'], options })).generation.id
  const [first, second, third] = [await start(), await start(), await start()]
  const read = async (id: string) => (await small.call('generations.get', { id })).generation
  await until(
    () => read(first),
    ({ texts }) => texts[0]?.text !== '',
  )
  expect((await small.call('generations.cancel', { id: second })).generation).toMatchObject({ ended: true })
  expect((await read(third)).texts[0]?.text).toBe('')
  await small.call('generations.cancel', { id: first })
  await until(
    () => read(third),
    ({ texts }) => texts[0]?.text !== '',
  )
  expect(await read(first)).toMatchObject({ ended: true, error: null, texts: [{ reason: 'cancelled' }] })
})

test('a model that does not write is refused before the run is queued', async () => {
  const { small, run } = await writingApp()
  const { config } = (await small.call('runs.get', { id: run })).run
  const error = await errorOf('bad_config', () =>
    small.call('runs.create', { config: { model: 'minilm-l6', dataset: config.dataset, max_length: 32 } }),
  )
  expect(error.message).toContain('text-generation')
})

test('only runs that write can be asked to', async () => {
  const small = await openApp(temporaryPlace())
  await importSample(small)
  const { run } = await small.call('runs.create', { config: { model: 'minilm-l6', dataset: 'Mails', max_length: 32 } })
  await untilState(small, run.id, 'finished')
  const error = await errorOf('unsupported', () => small.call('generations.start', { run: run.id, prompts: ['a'] }))
  expect(error.message).toContain('text-classification')
  await errorOf('not_found', () => small.call('generations.get', { id: 'gone' }))
})
