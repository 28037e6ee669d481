import { existsSync, mkdirSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../core/util/clock.ts'
import { importSample, mails, openApp, temporaryPlace, tinyBert, untilState } from '../../support/small-app.ts'

const monthMs = 31 * 24 * 60 * 60 * 1000
const later = { ...systemClock, now: () => Date.now() + monthMs }

describe('datasets', () => {
  test('come from a file that a door took in', async () => {
    const small = await openApp(temporaryPlace())
    const file = join(small.home, 'upload-17')
    await writeFile(file, mails(50))
    const handle = small.app.files.register(file, 'My mails.csv')
    const preview = await small.call('datasets.preview', { source: { kind: 'file', handle } })
    expect(preview).toMatchObject({
      fileName: 'My mails.csv',
      guesses: { 'text-classification': { text: 'text', label: 'label' } },
    })
    const { dataset } = await small.call('datasets.import', { source: { kind: 'file', handle } })
    expect(dataset).toMatchObject({ name: 'My mails', fileName: 'My mails.csv', rows: 50 })
    expect((await small.call('datasets.list', {})).datasets).toEqual([dataset])
    expect(small.events).toContainEqual({ type: 'datasets' })
    const again = await small.call('datasets.import', { source: { kind: 'file', handle } })
    expect(again.dataset).toMatchObject({ name: 'My mails (2)', contentHash: dataset.contentHash })
    await expect(small.call('datasets.import', { source: { kind: 'file', handle: 'other' } })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  test('rows by page, label and text', async () => {
    const small = await openApp(temporaryPlace())
    const id = await importSample(small)
    const page = await small.call('datasets.rows', { id, offset: 198, limit: 10 })
    expect(page).toMatchObject({
      total: 200,
      rows: [
        { row: 198, label: 'spam' },
        { row: 199, label: 'ham' },
      ],
    })
    const ham = await small.call('datasets.rows', { id, label: 'ham', offset: 1, limit: 2 })
    expect(ham).toMatchObject({ total: 100, rows: [{ row: 3 }, { row: 5 }] })
    const found = await small.call('datasets.rows', { id, search: 'NUMBER 12', limit: 500 })
    expect(found.rows.map(({ row }) => row)).toEqual([12, 120, 122, 124, 126, 128])
    expect((await small.call('datasets.rows', { id, search: 'nowhere' })).total).toBe(0)
    expect((await small.call('datasets.rows', { id, offset: 500 })).rows).toEqual([])
  })

  test('tokens by a model', async () => {
    const small = await openApp(temporaryPlace())
    const id = await importSample(small)
    const [model] = (await small.call('models.list', {})).models
    const tokens = await small.call('datasets.tokens', { id, model: model?.id ?? '', maxLength: 16, limit: 3 })
    expect(tokens).toMatchObject({ model: model?.id, maxLength: 16 })
    expect(tokens.rows).toHaveLength(3)
  })

  test('a deleted one goes to the trash and comes back', async () => {
    const small = await openApp(temporaryPlace())
    const id = await importSample(small)
    const dir = join(small.home, 'datasets', id)
    expect((await small.call('datasets.delete', { id })).bytes).toBeGreaterThan(0)
    expect(existsSync(dir)).toBe(false)
    await expect(small.call('datasets.get', { id })).rejects.toMatchObject({ code: 'not_found' })
    await small.call('datasets.restore', { id })
    expect((await small.call('datasets.rows', { id })).total).toBe(200)
    await expect(small.call('datasets.restore', { id })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('a deleted one that runs came from can still be read for them', async () => {
    const small = await openApp(temporaryPlace())
    const id = await importSample(small)
    const runs: string[] = []
    for (const seed of [4, 6]) {
      const config = { model: 'minilm-l6', dataset: id, max_length: 32, seed }
      runs.push((await small.call('runs.create', { config })).run.id)
    }
    for (const run of runs) await untilState(small, run, 'finished')
    expect(await small.call('datasets.delete', { id })).toEqual({ bytes: 0 })
    const { rows } = await small.call('comparisons.outputs', { runs })
    expect(rows[0]?.text).toMatch(/prize|meeting/)
    await expect(small.call('runs.create', { config: { model: 'minilm-l6', dataset: id } })).rejects.toMatchObject({
      code: 'bad_config',
    })
  })
})

describe('models', () => {
  test('the starter is there at the first start, and stays away once deleted', async () => {
    const place = temporaryPlace()
    const first = await openApp(place)
    const [model] = (await first.call('models.list', {})).models
    expect(model).toMatchObject({ name: 'Tiny', architecture: 'bert', source: 'org/tiny', licence: 'CC0' })
    await first.call('models.delete', { id: model?.id ?? '' })
    await first.app.close()
    const second = await openApp(place)
    expect((await second.call('models.list', {})).models).toEqual([])
    // Unless it is asked for.
    const { model: back } = await second.call('models.add', { source: { kind: 'sample', name: 'minilm-l6' } })
    expect(back.id).toBe(model?.id)
  })

  test('the starter shares its weights with the cache, and no file that one may edit', async () => {
    const small = await openApp(temporaryPlace())
    const [model] = (await small.call('models.list', {})).models
    const at = (name: string) => statSync(join(small.home, 'models', model?.id ?? '', name)).ino
    const cached = (name: string) => statSync(join(small.cache, 'starters', 'minilm-l6', name)).ino
    expect(at('model.safetensors')).toBe(cached('model.safetensors'))
    expect(at('config.json')).not.toBe(cached('config.json'))
  })

  test('a folder is copied with what a model consists of', async () => {
    const small = await openApp(temporaryPlace())
    const handle = small.app.files.register(tinyBert)
    const { model } = await small.call('models.add', { source: { kind: 'file', handle }, name: 'mine' })
    expect(model).toMatchObject({ name: 'mine', source: 'tiny-bert', layers: expect.any(Number) })
    const names = readdirSync(join(small.home, 'models', model.id))
    expect(names).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']))
    const { ino } = statSync(join(small.home, 'models', model.id, 'model.safetensors'))
    expect(ino).not.toBe(statSync(join(tinyBert, 'model.safetensors')).ino)
    const { model: renamed } = await small.call('models.rename', { id: model.id, name: 'yours' })
    expect(renamed.name).toBe('yours')
  })

  test('a folder that is none leaves nothing behind', async () => {
    const small = await openApp(temporaryPlace())
    const before = readdirSync(join(small.home, 'models'))
    const handle = small.app.files.register(join(small.cache, 'samples', 'spam-assassin'))
    await expect(small.call('models.add', { source: { kind: 'file', handle } })).rejects.toMatchObject({
      code: expect.stringMatching(/bad_file|not_found/),
    })
    expect(readdirSync(join(small.home, 'models'))).toEqual(before)
  })
})

describe('the trash', () => {
  test('is emptied after thirty days, runs first', async () => {
    const place = temporaryPlace()
    const small = await openApp(place)
    const id = await importSample(small)
    const { run } = await small.call('runs.create', { config: { model: 'Tiny', dataset: id, max_length: 32 } })
    await untilState(small, run.id, 'finished')
    await small.call('runs.delete', { id: run.id })
    await small.call('datasets.delete', { id })
    expect(existsSync(join(small.home, 'datasets', id))).toBe(true)
    await small.app.close()

    const soon = await openApp(place)
    await soon.call('runs.restore', { id: run.id })
    await soon.call('runs.delete', { id: run.id })
    await soon.app.close()

    const late = await openApp(place, { clock: later })
    await expect(late.call('runs.restore', { id: run.id })).rejects.toMatchObject({ code: 'not_found' })
    await expect(late.call('datasets.restore', { id })).rejects.toMatchObject({ code: 'not_found' })
    expect(existsSync(join(small.home, 'datasets', id))).toBe(false)
    expect(existsSync(join(small.home, 'trash', 'runs', run.id))).toBe(false)
  })

  test('folders of imports that were cut off go after a day', async () => {
    const place = temporaryPlace()
    const [old, fresh] = ['old', 'fresh'].map((name) => join(place.home, 'datasets', name)) as [string, string]
    for (const dir of [old, fresh]) mkdirSync(dir, { recursive: true })
    const longAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000)
    utimesSync(old, longAgo, longAgo)
    await openApp(place)
    expect([existsSync(old), existsSync(fresh)]).toEqual([false, true])
  })
})

test('the app says what it runs on', async () => {
  const small = await openApp(temporaryPlace())
  const info = await small.call('app.info', {})
  expect(info).toMatchObject({
    version: '1.2.3',
    home: small.home,
    engineProblem: 'None is needed.',
    samples: expect.arrayContaining([
      expect.objectContaining({ name: 'spam-assassin', title: 'Mails', available: true }),
    ]),
    starters: [{ name: 'minilm-l6', available: true }],
  })
  expect(info.freeDiskBytes).toBeGreaterThan(0)
  expect(info.usedDiskBytes).toBeGreaterThan(0)
  const bare = await openApp({ home: join(small.home, 'other'), cache: join(small.home, 'nothing') })
  const poor = await bare.call('app.info', {})
  expect(poor.starters).toMatchObject([{ name: 'minilm-l6', available: false }])
  await expect(
    bare.call('datasets.import', { source: { kind: 'sample', name: 'spam-assassin' } }),
  ).rejects.toMatchObject({ code: 'not_found', message: expect.stringMatching(/npm run samples/) })
})
