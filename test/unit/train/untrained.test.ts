import { cp, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type RunConfigInput, runConfigSchema } from '../../../core/contract/settings.ts'
import { openRowStore, writeRowStore } from '../../../core/data/row-store.ts'
import { loadTokenizer } from '../../../core/data/tokenizers/tokenizer.ts'
import type { PromptedRows } from '../../../core/tasks/prompted-rows.ts'
import { predict } from '../../../core/train/predict.ts'
import { prepareData } from '../../../core/train/prepare.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { decoderFolder } from '../../golden/decoder-reference.ts'
import { temporaryFolder } from '../../support/temporary.ts'
import { askedOf, ofKind, seriesOf, tinySpec, trainTiny } from './fixture.ts'

const texts = [
  'a cat',
  'a dog',
  'the cat sat',
  'the dog ran',
  'one cat',
  'one dog',
  'my cat',
  'my dog',
  'no cat',
  'no dog',
]

/** Ten lines for a tiny GPT-2 that nothing is trained of. */
async function spec(settings: Partial<RunConfigInput> = {}): Promise<TrainSpec> {
  const dir = await temporaryFolder()
  const at = (name: string) => join(dir, name)
  await cp(decoderFolder('gpt2'), at('model'), { recursive: true })
  await writeRowStore(
    at('dataset'),
    (async function* () {
      for (const [i, text] of texts.entries()) yield { line: i + 2, text, label: i % 2 === 0 ? 'cat' : 'dog' }
    })(),
  )
  const config = runConfigSchema.parse({
    model: 'tiny',
    dataset: 'lines',
    task: 'text-classification',
    method: 'none',
    max_length: 48,
    learning_rate: 1e-3,
    per_device_eval_batch_size: 3,
    validation_split: 0.4,
    prompt_template: '{text}: {label}',
    precision: 'fp32',
    ...settings,
  })
  const run = { kind: 'train' as const, run: 'r1', config, modelDir: at('model'), datasetDir: at('dataset') }
  return { ...run, labels: ['cat', 'dog'], runDir: at('run'), threads: 2 }
}

describe('a language model that is asked by prompts', () => {
  test('says what a classifier says, without a step, on either engine', async () => {
    const told = []
    for (const engine of ['graph', 'eager'] as const) {
      const { events, thrown } = await trainTiny(await spec({ engine, few_shot_examples: 2 }))
      expect(thrown).toBeNull()
      expect(seriesOf(events, 'train/loss')).toEqual([])
      const [evaluated] = ofKind(events, 'metrics')
      expect(evaluated?.step).toBe(0)
      expect(Object.keys(evaluated?.values ?? {})).toEqual(['eval/loss', 'eval/accuracy', 'eval/f1'])
      const columns = ofKind(events, 'predictions').at(-1)
      expect(columns?.rows).toHaveLength(4)
      for (let i = 0; i < 4; i++) {
        expect((columns?.scores[2 * i] as number) + (columns?.scores[2 * i + 1] as number)).toBeCloseTo(1, 9)
        expect(columns?.loss[i]).toBeCloseTo(-Math.log(columns?.scores[2 * i + (columns?.gold[i] ?? 0)] as number), 9)
      }
      expect(events.at(-1)).toMatchObject({ kind: 'result', outcome: 'finished' })
      told.push(columns?.loss ?? [])
    }
    for (const [i, loss] of told[0]?.entries() ?? []) expect(loss).toBeCloseTo(told[1]?.[i] as number, 4)
  })

  test.each([
    ['next words of a Llama', 'prompts.json', 'tiny-chat', 200],
    ['hidden words of a BERT', 'masked-prompts.json', 'tiny-filler', 60],
  ])('finds labels as likely as transformers does: %s', async (_, tableName, folder, max_length) => {
    const golden = join(import.meta.dirname, '..', '..', 'golden')
    const table = JSON.parse(await readFile(join(golden, tableName), 'utf8')) as {
      template: string
      labels: string[]
      rows: { text: string; scores: number[] }[]
    }
    const run = await spec({ prompt_template: table.template, validation_split: 0.5, max_length })
    await rm(run.modelDir, { recursive: true })
    await cp(join(golden, folder), run.modelDir, { recursive: true })
    await rm(run.datasetDir, { recursive: true })
    await writeRowStore(
      run.datasetDir,
      (async function* () {
        for (const [i, { text }] of table.rows.entries()) {
          yield { line: i + 2, text, label: table.labels[i % 3] as string }
        }
      })(),
    )
    const { events, thrown } = await trainTiny({ ...run, labels: table.labels })
    expect(thrown).toBeNull()
    const { rows = [], scores = [] } = ofKind(events, 'predictions').at(-1) ?? {}
    expect(rows).toHaveLength(3)
    for (const [i, row] of rows.entries()) {
      const expected = table.rows[row]?.scores ?? []
      for (const [c, score] of expected.entries()) expect(scores[3 * i + c]).toBeCloseTo(score, 4)
    }
  })

  test.each([0, 2])('says to any text what it said of its rows, behind %i examples', async (few_shot_examples) => {
    const run = await spec({ few_shot_examples })
    const { events } = await trainTiny(run)
    const told = ofKind(events, 'predictions').at(-1) ?? expect.fail()
    const asked = askedOf(run, ofKind(events, 'checkpoint').at(-1)?.path as string)
    const again = await predict({ ...asked, texts: told.rows.map((row) => texts[row] as string) })
    expect(again.map(({ label }) => run.labels.indexOf(label ?? ''))).toEqual(told.predicted)
    for (const [i, score] of again.flatMap(({ scores }) => scores).entries()) {
      expect(score).toBeCloseTo(told.scores[i] as number, 5)
    }
    await rm(run.datasetDir, { recursive: true })
    const later = predict({ ...asked, texts: ['a cat'] })
    if (few_shot_examples > 0) await expect(later).rejects.toMatchObject({ code: 'not_found' })
    else expect(await later).toHaveLength(1)
  })

  test('is shown examples of the training rows, the classes in turn, which the seed chooses', async () => {
    const sidesWith = async (settings: Partial<RunConfigInput>) => {
      const { config, modelDir, datasetDir, labels } = await spec(settings)
      const { data } = await prepareData({ task: config.task, datasetDir, modelDir, labels, config }, false, () => {})
      const store = openRowStore(datasetDir)
      const { ids, labelStarts } = data.validation as PromptedRows
      const tokenizer = await loadTokenizer(modelDir)
      const prompts = ids.map((row, i) => ({
        asked: tokenizer.decode(Array.from(row.subarray(0, labelStarts[i]))),
        label: tokenizer.decode(Array.from(row.subarray(labelStarts[i]))),
      }))
      const shown = Array.from(data.train.rows, (row) => store.read(row).label)
      store.close()
      return { shown, rows: Array.from(data.train.rows), prompts, held: Array.from(data.validation.rows), data }
    }
    const none = await sidesWith({})
    expect(none.shown).toEqual([])
    expect(none.prompts).toHaveLength(8)
    const first = texts[none.held[0] as number] as string
    expect(none.prompts.slice(0, 2)).toEqual([
      { asked: `${first}:`, label: ' cat' },
      { asked: `${first}:`, label: ' dog' },
    ])
    const four = await sidesWith({ few_shot_examples: 4, max_length: 96 })
    expect(four.shown.toSorted()).toEqual(['cat', 'cat', 'dog', 'dog'])
    expect(four.rows.some((row) => four.held.includes(row))).toBe(false)
    expect(four.prompts[0]?.asked.split('\n\n')).toHaveLength(5)
    const others = await sidesWith({ few_shot_examples: 2, seed: 7 })
    expect(others.rows).not.toEqual((await sidesWith({ few_shot_examples: 2, seed: 8 })).rows)
    const cut = await sidesWith({ max_length: 12, prompt_template: 'the cat and the dog {text}: {label}' }).catch(
      (e) => e,
    )
    expect(cut).toMatchObject({ code: 'bad_config', details: { setting: 'few_shot_examples' } })
  })

  test('leaves a checkpoint that is the model, in no room of its own', async () => {
    const run = await spec()
    const { events } = await trainTiny(run)
    const dir = ofKind(events, 'checkpoint').at(-1)?.path as string
    const [own, model] = await Promise.all([dir, run.modelDir].map((folder) => stat(join(folder, 'model.safetensors'))))
    expect(own?.ino).toBe(model?.ino)
  })
})

test('any other model is evaluated as it is', async () => {
  const { events, thrown } = await trainTiny(await tinySpec({ method: 'none' }))
  expect(thrown).toBeNull()
  expect(ofKind(events, 'metrics').map(({ step }) => step)).toEqual([0])
  expect(ofKind(events, 'predictions')).toHaveLength(1)
})
