import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Model, Run } from '../../core/contract/domain.ts'
import type { RunConfigInput } from '../../core/contract/settings.ts'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { startWorker } from '../../core/worker/handle.ts'
import { importSample, openApp, type SmallApp, temporaryPlace, until, untilState } from '../support/small-app.ts'
import { errorOf, temporaryFolder } from '../support/temporary.ts'

/** Models that begin with drawn weights, by the real app and its real threads. */

const open = () => openApp(temporaryPlace(), { startWorker })

const smallest = { embedding_size: 16, hidden_size: 16, num_hidden_layers: 1 }

async function create(app: SmallApp, dataset: string, changes: object = {}): Promise<Model> {
  const tokenizer = { from: 'dataset', dataset, kind: 'wordpiece', vocabSize: 400 } as const
  return (await app.call('models.create', { architecture: 'lstm', fields: smallest, tokenizer, ...changes })).model
}

async function weightsOf({ home }: SmallApp, { id }: Model): Promise<Buffer> {
  return readFile(join(home, 'models', id, 'model.safetensors'))
}

describe('a model from scratch', () => {
  test('is a folder like any other, the same for the same seed', async () => {
    const app = await open()
    const dataset = await importSample(app)
    const model = await create(app, dataset)
    expect(model).toMatchObject({
      architecture: 'lstm',
      layers: 1,
      hiddenSize: 16,
      heads: 0,
      source: 'from scratch, seed 42',
    })
    expect((await readdir(join(app.home, 'models', model.id))).sort()).toEqual([
      'README.md',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
    const [again, other] = [await create(app, dataset), await create(app, dataset, { seed: 43 })]
    expect(again.weightsHash).toBe(model.weightsHash)
    expect(again.tokenizerHash).toBe(model.tokenizerHash)
    expect(other.weightsHash).not.toBe(model.weightsHash)
    expect([model.name, again.name]).toEqual(['LSTM tiny', 'LSTM tiny (2)'])
    expect((await weightsOf(app, model)).length).toBeGreaterThan(4 * model.parameters)
  })

  test('takes the tokenizer of another model, and leaves out what is none of it', async () => {
    const app = await open()
    const [starter] = (await app.call('models.list', {})).models as [Model]
    const tokenizer = { from: 'model', model: starter.id } as const
    const model = await create(app, '', {
      architecture: 'gpt2',
      fields: { n_embd: 8, n_layer: 1, n_head: 2 },
      tokenizer,
    })
    expect(model.tokenizerHash).toBe(starter.tokenizerHash)
    expect(model.vocabSize).toBe(starter.vocabSize)
    expect(existsSync(join(app.home, 'models', model.id, 'starter.json'))).toBe(false)
  })

  test('tells how far it is, and can be cancelled', async () => {
    const app = await open()
    const dataset = await importSample(app)
    const making = create(app, dataset, { size: 'base', fields: {}, task: 'making' })
    void until(
      async () => app.events.some((event) => event.type === 'progress' && event.label === 'Drawing weights'),
      (drawing) => drawing,
    ).then(() => app.call('models.cancel', { task: 'making' }))
    await errorOf('stopped', () => making)
    const left = await readdir(join(app.home, 'models'))
    expect(left).toHaveLength(1)
    expect((await app.call('models.list', {})).models).toHaveLength(1)
  })

  test.each([
    [{ architecture: 'lstn' }, /did you mean "lstm"/],
    [{ fields: { hiden_size: 3 } }, /hiden_size.*it has .*hidden_size/],
    [{ fields: { hidden_size: 1.5 } }, /whole number/],
    [{ fields: { pooling: 'first' } }, /one of mean, last/],
    [{ architecture: 'bert', fields: { hidden_size: 33 } }, /no multiple/],
    [{ tokenizer: undefined }, /which tokenizer/],
  ])('is refused with a sentence: %j', async (changes, sentence) => {
    const app = await open()
    const dataset = await importSample(app)
    const { message } = await errorOf('bad_config', () => create(app, dataset, changes))
    expect(message).toMatch(sentence)
    expect(await readdir(join(app.home, 'models'))).toHaveLength(1)
  })
})

async function trained(app: SmallApp, config: RunConfigInput): Promise<Run> {
  const { run } = await app.call('runs.create', { config })
  return untilState(app, run.id, 'finished', 'failed')
}

describe.skipIf(!nativeBindingPath())('a recurrent model from scratch', () => {
  test('learns to classify, predicts and is exported; LoRA is refused', async () => {
    const app = await open()
    const dataset = await importSample(app)
    const model = await create(app, dataset, { fields: { ...smallest, bidirectional: true } })
    const settings = { model: model.id, dataset, max_length: 32, max_steps: 20, learning_rate: 0.02 }
    const run = await trained(app, settings)
    expect(run.error).toBeNull()
    expect(run.metrics['eval/accuracy']?.best.value).toBe(1)
    const texts = ['win a prize number 7', 'the meeting is at 9']
    const { predictions } = await app.call('runs.predict', { id: run.id, texts })
    expect(predictions.map(({ label }) => label)).toEqual(['spam', 'ham'])
    const { path, files } = await app.call('runs.export', { id: run.id })
    expect(files).toContain('model.safetensors')
    expect(await readFile(join(path, 'README.md'), 'utf8')).toContain('library_name: pytorch')
    const config = { ...settings, method: 'lora' as const }
    await errorOf('bad_config', () => app.call('runs.create', { config }))
  })

  test('trains its head alone on what a frozen trunk reads', async () => {
    const app = await open()
    const dataset = await importSample(app)
    const model = await create(app, dataset, { architecture: 'gru', fields: { ...smallest, bidirectional: true } })
    const run = await trained(app, {
      ...{ model: model.id, dataset, method: 'head', max_length: 32, max_steps: 40 },
      learning_rate: 0.1,
    })
    expect(run.error).toBeNull()
    expect(run.metrics['eval/accuracy']?.best.value).toBeGreaterThan(0.9)
  })

  test('learns to write, with texts that share a row, and writes', async () => {
    const app = await open()
    const file = join(await temporaryFolder(), 'lines.jsonl')
    const lines = Array.from({ length: 60 }, () => JSON.stringify({ text: 'one two three four five' }))
    await writeFile(file, lines.join('\n'))
    const source = { kind: 'file', handle: app.app.files.register(file, 'lines.jsonl') } as const
    const { dataset } = await app.call('datasets.import', { source, task: 'text-generation' })
    const tokenizer = { from: 'dataset', dataset: dataset.id, kind: 'bpe', vocabSize: 300 } as const
    const model = await create(app, dataset.id, { tokenizer })
    const run = await trained(app, {
      ...{ model: model.id, dataset: dataset.id, max_length: 64, max_steps: 200, eval_steps: 200 },
      ...{ learning_rate: 0.03, per_device_train_batch_size: 4 },
    })
    expect(run.error).toBeNull()
    expect(run.metrics['eval/perplexity']?.best.value).toBeLessThan(1.2)
    const { generation } = await app.call('generations.start', { run: run.id, prompts: ['one two'] })
    const ended = await until(
      async () => (await app.call('generations.get', { id: generation.id })).generation,
      (told) => told.ended,
    )
    expect(ended.texts).toMatchObject([{ text: ' three four five', reason: 'end' }])
  })
})

test.skipIf(!nativeBindingPath())(
  'a recurrent model of the same size is trained beside a run, and judged by length',
  async () => {
    const app = await open()
    const dataset = await importSample(app)
    const [starter] = (await app.call('models.list', {})).models as [Model]
    const run = await trained(app, { model: starter.id, dataset, max_length: 32, max_steps: 2, num_frozen_layers: 1 })
    const { model, run: queued } = await app.call('runs.recurrentBaseline', { id: run.id })
    const beside = await untilState(app, queued.id, 'finished', 'failed')
    expect(beside.error).toBeNull()
    expect([model.architecture, model.tokenizerHash]).toEqual(['lstm', starter.tokenizerHash])
    const [own, theirs] = [beside.plan?.trainableParameters ?? 0, run.plan?.parameters ?? 1]
    expect(Math.abs(own / theirs - 1)).toBeLessThan(0.2)
    expect(beside.config).toMatchObject({ max_length: 32, max_steps: 2, num_frozen_layers: 0, learning_rate: 2e-3 })
    // A second time it is the same model.
    const again = await app.call('runs.recurrentBaseline', { id: run.id })
    expect(again.model.id).toBe(model.id)
    await app.call('runs.stop', { id: again.run.id, keep: false })
    await errorOf('bad_request', () => app.call('runs.recurrentBaseline', { id: beside.id }))

    const runs = [run.id, beside.id]
    const { byLength } = await app.call('comparisons.byLength', { runs })
    expect(byLength).toMatchObject({ tokensOf: starter.name, label: 'accuracy', better: 'higher' })
    const buckets = byLength?.buckets ?? []
    const rows = buckets.reduce((sum, bucket) => sum + bucket.rows, 0)
    expect(rows).toBe(40)
    const { metrics } = await app.call('comparisons.get', { runs })
    const accuracy = metrics.find(({ series }) => series === 'eval/accuracy')
    for (const at of [0, 1]) {
      const mean = buckets.reduce((sum, bucket) => sum + bucket.rows * (bucket.values[at] as number), 0) / rows
      expect(mean).toBeCloseTo(accuracy?.values[at]?.best.value ?? -1, 6)
    }
  },
)
