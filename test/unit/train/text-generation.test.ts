import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readModelConfig } from '../../../core/checkpoint/config.ts'
import { type RunConfigInput, runConfigSchema } from '../../../core/contract/settings.ts'
import { writeRowStore } from '../../../core/data/row-store.ts'
import { loadTokenizer } from '../../../core/data/tokenizers/tokenizer.ts'
import type { PackedRows } from '../../../core/tasks/packed-rows.ts'
import { textGeneration } from '../../../core/tasks/text-generation.ts'
import { prepareData } from '../../../core/train/prepare.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { decoderFolder } from '../../golden/decoder-reference.ts'
import { temporaryFolder } from '../../support/temporary.ts'
import { ofKind, seriesOf, trainTiny } from './fixture.ts'

const stories = [
  'the cat sat on the mat and the dog sat by the door',
  'the dog ran to the door',
  'a cat and a dog ran to the mat',
  'on the mat sat the cat',
  'by the door sat the dog and on the mat sat the cat and by the door ran a dog',
  'the door',
  'a dog sat on the mat',
  'the cat ran',
  'the mat by the door',
  'and the dog sat on the cat',
]

async function spec(settings: Partial<RunConfigInput> = {}): Promise<TrainSpec> {
  const dir = await temporaryFolder()
  await cp(decoderFolder('gpt2'), join(dir, 'model'), { recursive: true })
  const rows = async function* () {
    for (const [i, text] of stories.entries()) yield { line: i + 1, text, label: '' }
  }
  await writeRowStore(join(dir, 'dataset'), rows())
  const config = runConfigSchema.parse({
    model: 'tiny',
    dataset: 'stories',
    task: 'text-generation',
    max_length: 32,
    learning_rate: 3e-3,
    num_train_epochs: 12,
    per_device_train_batch_size: 2,
    per_device_eval_batch_size: 2,
    dropout: 0,
    precision: 'fp32',
    target_modules: ['c_attn'],
    ...settings,
  })
  const at = (name: string) => join(dir, name)
  return {
    ...{ kind: 'train', run: 'r1', config, modelDir: at('model'), datasetDir: at('dataset') },
    ...{ labels: [], runDir: at('run'), threads: 2 },
  } as TrainSpec
}

describe('a run for text generation', () => {
  test.each<[string, Partial<RunConfigInput>]>([
    ['full, packed', {}],
    ['full, a text a row', { packing: false }],
    ['LoRA', { method: 'lora', learning_rate: 2e-2 }],
  ])('learns: %s', async (_, settings) => {
    const { events, thrown } = await trainTiny(await spec(settings))
    expect(thrown).toBeNull()
    const losses = seriesOf(events, 'train/loss').map(({ value }) => value)
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) * 0.8)
    const last = ofKind(events, 'metrics').findLast(({ values }) => 'eval/perplexity' in values)?.values
    expect(last?.['eval/perplexity']).toBeCloseTo(Math.exp(last?.['eval/loss'] as number), 6)
    expect(last?.['eval/token_accuracy']).toBeGreaterThan(0)
    const told = ofKind(events, 'predictions').at(-1)
    expect(told).toMatchObject({ predicted: [], gold: [], scores: [] })
    expect(told?.rows).toHaveLength(told?.loss.length ?? 0)
    const mean = (told?.loss ?? []).reduce((sum, loss) => sum + loss, 0) / (told?.loss.length ?? 0)
    expect(mean).toBeGreaterThan(0)
  })

  test('evaluates the same whether packed or not', async () => {
    const evaluations = async (packing: boolean) => {
      const { events } = await trainTiny(await spec({ packing, max_steps: 1, learning_rate: 1e-9 }))
      return seriesOf(events, 'eval/loss')[0]?.value as number
    }
    expect(await evaluations(true)).toBeCloseTo(await evaluations(false), 5)
  })

  test('goes on exactly after a pause, accumulating', async () => {
    const settings = {
      gradient_accumulation_steps: 2,
      per_device_train_batch_size: 1,
      dropout: 0.1,
      num_train_epochs: 3,
    }
    const whole = await trainTiny(await spec(settings))
    const broken = await spec(settings)
    const first = await trainTiny(broken, (events) => (seriesOf(events, 'train/loss').length >= 2 ? 3 : 0))
    const resumeFrom = ofKind(first.events, 'checkpoint').at(-1)?.path as string
    const second = await trainTiny({ ...broken, resumeFrom })
    expect(second.thrown).toBeNull()
    const losses = [...first.events, ...second.events]
    expect(seriesOf(losses, 'train/loss')).toEqual(seriesOf(whole.events, 'train/loss'))
    expect(seriesOf(losses, 'eval/loss')).toEqual(seriesOf(whole.events, 'eval/loss'))
  })

  test('has no head to train alone, and says so', async () => {
    const { thrown } = await trainTiny(await spec({ method: 'head' }))
    expect(thrown).toMatchObject({ code: 'bad_config', message: expect.stringContaining('no head') })
  })
})

describe('its data', () => {
  test('packs texts, predicts every token but the first of each, and cuts long ones into pieces', async () => {
    const { modelDir, datasetDir, config } = await spec({ max_length: 16 })
    const tokenizer = await loadTokenizer(modelDir)
    const { data } = await prepareData({ task: config.task, datasetDir, modelDir, labels: [], config }, false, () => {})
    const train = data.train as PackedRows
    const { validation } = data
    expect([...train.rows, ...validation.rows].toSorted((a, b) => a - b)).toEqual([...stories.keys()])
    for (const ids of train.ids) expect(ids.length).toBeLessThanOrEqual(16)
    const layout = { buckets: [16], batchSize: train.ids.length, padId: tokenizer.padId }
    const batch = textGeneration.batch(train, Int32Array.from(train.ids.keys()), layout, config, null)
    const [input, labels, weights, positions] = ['input_ids', 'labels', 'weights', 'position_ids'].map(
      (name) => batch.feeds[name] as Float32Array,
    )
    // The end of each text is predicted too: a text of n tokens has n − 1 targets, and the end's.
    const targets = Array.from(train.rows).reduce(
      (sum, row) =>
        sum + tokenizer.encode(stories[row] as string, 1e9).ids.length + (tokenizer.eosId === null ? -1 : 0),
      0,
    )
    expect(batch.weight).toBe(targets)
    expect(weights?.reduce((a, b) => a + b, 0)).toBe(targets)
    weights?.forEach((weight, i) => {
      if (weight === 0) return
      expect(labels?.[i]).toBe(input?.[i + 1])
      expect(positions?.[i + 1]).toBe((positions?.[i] as number) + 1)
    })
  })

  test('needs two tokens in a text, and says so', async () => {
    const { modelDir, config } = await spec()
    const dir = await temporaryFolder()
    const rows = async function* () {
      for (let i = 0; i < 10; i++) yield { line: i + 1, text: ' ', label: '' }
    }
    await writeRowStore(join(dir, 'empty'), rows())
    await writeFile(
      join(modelDir, 'tokenizer_config.json'),
      JSON.stringify({ tokenizer_class: 'GPT2TokenizerFast', model_max_length: 32 }),
    )
    const empty = { task: config.task, datasetDir: join(dir, 'empty'), modelDir, labels: [], config }
    await expect(prepareData(empty, false, () => {})).rejects.toThrow('nothing to predict')
  })
})

test('the folder of a GPT-2 says its sizes by its own names', async () => {
  expect(await readModelConfig(decoderFolder('gpt2'))).toMatchObject({
    modelType: 'gpt2',
    fields: { layers: 'n_layer' },
  })
})
