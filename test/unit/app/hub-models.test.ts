import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { parseHubName } from '../../../core/checkpoint/hub/repository.ts'
import type { Model } from '../../../core/contract/domain.ts'
import { serveHub, type TestHub } from '../../support/hub.ts'
import { openApp, type SmallApp, temporaryPlace, tinyBert, until } from '../../support/small-app.ts'
import { errorOf } from '../../support/temporary.ts'

/** Models out of a hub, over real HTTP against a server of the same protocol. */

afterEach(() => {
  delete process.env.HF_ENDPOINT
  delete process.env.HF_TOKEN
})

async function open(files: Parameters<typeof serveHub>[1] = {}): Promise<SmallApp & { hub: TestHub }> {
  const hub = await serveHub(tinyBert, files)
  process.env.HF_ENDPOINT = hub.endpoint
  return { ...(await openApp(temporaryPlace())), hub }
}

async function add({ call }: SmallApp, model = 'org/tiny', task = 'it'): Promise<Model> {
  return (await call('models.add', { source: { kind: 'hub', model, task } })).model
}

const weights = readFileSync(join(tinyBert, 'model.safetensors'))
const downloads = ({ home }: SmallApp) => readdirSync(join(home, 'downloads'))

describe('a model of a hub', () => {
  test('is downloaded, proved and registered, with progress', async () => {
    const app = await open()
    const model = await add(app)
    expect(model).toMatchObject({ name: 'org/tiny', architecture: 'bert', source: 'hub:org/tiny@0123456789ab' })
    expect(readFileSync(join(app.home, 'models', model.id, 'model.safetensors'))).toEqual(weights)
    expect(downloads(app)).toEqual([])
    const told = app.events.filter((event) => event.type === 'progress' && event.label === 'Downloading org/tiny')
    expect(told.at(-1)).toMatchObject({ task: 'it', done: (told.at(-1) as { total: number }).total })
    // The weights come last, from the store that the hub's address leads to.
    expect(app.hub.asked.at(-1)).toBe('/store/model.safetensors')
  })

  test('whose connection breaks off is gone on with where it was', async () => {
    const app = await open()
    app.hub.faults.cut = { after: 1 << 15, times: 1 }
    // What is sent has time to arrive before the end.
    app.hub.faults.slow = 10
    await add(app)
    const ranges = app.hub.asked.filter((line) => line.startsWith('/store/model.safetensors'))
    expect(ranges).toHaveLength(2)
    expect(ranges[1]).toMatch(/bytes=[1-9]\d*-$/)
  })

  test('that was cancelled goes on when it is asked for again, also where the server knows no ranges', async () => {
    const app = await open()
    app.hub.faults.slow = 20
    const first = add(app)
    await until(
      async () => app.hub.asked.some((line) => line === '/store/model.safetensors'),
      (begun) => begun,
    )
    await new Promise((resolve) => setTimeout(resolve, 60))
    await app.call('models.cancel', { task: 'it' })
    await errorOf('stopped', () => first)
    expect(downloads(app)).toHaveLength(1)
    app.hub.faults.slow = 0
    app.hub.faults.noRanges = true
    const before = app.hub.asked.length
    const model = await add(app)
    expect(readFileSync(join(app.home, 'models', model.id, 'model.safetensors'))).toEqual(weights)
    // The small files were there.
    const stored = app.hub.asked.slice(before).filter((line) => line.startsWith('/store/'))
    expect(stored.every((line) => line.startsWith('/store/model.safetensors'))).toBe(true)
  })

  test.each(['model.safetensors', 'config.json'])(
    'with another hash than the hub says is refused: %s',
    async (name) => {
      const app = await open()
      app.hub.faults.corrupt = name
      const { message } = await errorOf('bad_file', () => add(app))
      expect(message).toContain(name)
      expect((await app.call('models.list', {})).models).toHaveLength(1)
      app.hub.faults.corrupt = ''
      await add(app)
    },
  )

  test('in shards is taken with its index', async () => {
    const [name, index] = ['model-00001-of-00001.safetensors', 'model.safetensors.index.json']
    const header = JSON.parse(weights.subarray(8, 8 + Number(weights.readBigUInt64LE())).toString()) as object
    const names = Object.keys(header).filter((key) => key !== '__metadata__')
    const map = JSON.stringify({ weight_map: Object.fromEntries(names.map((tensor) => [tensor, name])) })
    const app = await open({ 'model.safetensors': null, [name]: weights, [index]: map })
    const model = await add(app)
    expect(readdirSync(join(app.home, 'models', model.id))).toEqual(expect.arrayContaining([name, index]))
  })

  test.each([
    [
      'bad_file',
      { 'model.safetensors': null, 'pytorch_model.bin': 'pickled' },
      /pytorch_model\.bin.*can run code.*revision/,
    ],
    ['not_found', { 'model.safetensors': null }, /no model\.safetensors/],
    ['not_found', { 'config.json': null }, /no config\.json/],
    ['unsupported', { 'config.json': '{"model_type":"bert","auto_map":{}}' }, /own code/],
    ['unsupported', { 'tokenizer_config.json': '{"auto_map":{}}' }, /own code/],
    ['unsupported', { 'config.json': '{"model_type":"mamba"}' }, /mamba/],
  ] as const)(
    'that cannot be taken is refused before its weights are fetched: %s, %j',
    async (code, files, sentence) => {
      const app = await open(files)
      const { message } = await errorOf(code, () => add(app))
      expect(message).toMatch(sentence)
      expect(app.hub.asked.filter((line) => line.includes('.safetensors') || line.includes('.bin'))).toEqual([])
    },
  )

  test.each([
    [404, 'not_found'],
    [401, 'unauthorized'],
    [500, 'unreachable'],
  ] as const)('is not to be had: %i', async (status, code) => {
    const app = await open()
    app.hub.faults.status = status
    await errorOf(code, () => add(app))
  })

  test('of a hub that is not there', async () => {
    const app = await open()
    process.env.HF_ENDPOINT = 'http://127.0.0.1:1'
    const { message } = await errorOf('unreachable', () => add(app))
    expect(message).toContain('HF_ENDPOINT')
  })
})

describe('the name of a model of a hub', () => {
  test.each([
    ['org/name', { repo: 'org/name', revision: 'main' }],
    ['hub:org/name', { repo: 'org/name', revision: 'main' }],
    ['gpt2', { repo: 'gpt2', revision: 'main' }],
    ['org/na.me-1@refs/pr/3', { repo: 'org/na.me-1', revision: 'refs/pr/3' }],
  ])('%s', (text, expected) => expect(parseHubName(text)).toEqual(expected))

  test.each(['', 'a/b/c', '../x', 'org/name@../../x', 'org/name@a@b', 'org/name?x=1', 'http://evil/x'])(
    'not %j',
    async (text) => {
      await errorOf('bad_request', () => parseHubName(text))
    },
  )
})
