import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type GenerationOptions, generationOptionsSchema } from '../../../core/contract/generation.ts'
import { type RunConfigInput, runConfigSchema } from '../../../core/contract/settings.ts'
import { writeRowStore } from '../../../core/data/row-store.ts'
import { loadTokenizer } from '../../../core/data/tokenizers/tokenizer.ts'
import { chrf } from '../../../core/tasks/chrf.ts'
import type { SourceTargetRows } from '../../../core/tasks/source-target-rows.ts'
import { text2textGeneration } from '../../../core/tasks/text2text-generation.ts'
import { predict } from '../../../core/train/predict.ts'
import { prepareData } from '../../../core/train/prepare.ts'
import { writeOutputs } from '../../../core/train/write-outputs.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { familyFolder } from '../../golden/family-reference.ts'
import { fiveLetterWords } from '../../support/five-letter-words.ts'
import { writeLetterTokenizer } from '../../support/letter-tokenizer.ts'
import { temporaryFolder } from '../../support/temporary.ts'
import { ofKind, seriesOf, trainTiny } from './fixture.ts'

/** Words and their letters, spelt; all of one padded length. */
const pairs = fiveLetterWords.map((word) => ({ text: word, target: Array.from(word).join(' ') }))

async function spec(name: 'marian' | 't5', settings: Partial<RunConfigInput> = {}): Promise<TrainSpec> {
  const dir = await temporaryFolder()
  const at = (part: string) => join(dir, part)
  await cp(familyFolder(name), at('model'), { recursive: true })
  await writeLetterTokenizer(at('model'), Array.from('abcdefghijklmnopqrstuvwxyz :'), 60)
  const rows = async function* () {
    for (const [i, { text, target }] of pairs.entries()) yield { line: i + 1, text, label: '', fields: { target } }
  }
  await writeRowStore(at('dataset'), rows())
  const config = runConfigSchema.parse({
    model: 'tiny',
    dataset: 'spelling',
    task: 'text2text-generation',
    max_length: 16,
    learning_rate: 1e-2,
    num_train_epochs: 12,
    per_device_train_batch_size: 3,
    per_device_eval_batch_size: 2,
    eval_steps: 48,
    dropout: 0,
    precision: 'fp32',
    target_modules: [name === 'marian' ? 'q_proj' : 'q'],
    ...settings,
  })
  return {
    ...{ kind: 'train', run: 'r1', config, modelDir: at('model'), datasetDir: at('dataset') },
    ...{ labels: [], runDir: at('run'), threads: 2 },
  } as TrainSpec
}

async function outputsOf(
  { config, modelDir, threads }: TrainSpec,
  checkpointDir: string,
  prompts: readonly string[],
  options: Partial<GenerationOptions>,
): Promise<string[]> {
  const texts = prompts.map(() => '')
  const given = generationOptionsSchema.parse(options)
  await writeOutputs(
    { kind: 'generate', checkpointDir, modelDir, config, prompts, options: given, threads },
    (told) => {
      if (told.type === 'text') texts[told.row] += told.text
    },
    () => false,
  )
  return texts
}

describe('a run for text to text', () => {
  test.each<['marian' | 't5', Partial<RunConfigInput>]>([
    ['marian', {}],
    ['marian', { method: 'lora', learning_rate: 3e-2, target_modules: ['v_proj', 'out_proj', 'fc1', 'fc2'] }],
    ['t5', { generation_num_beams: 2, source_prefix: 'spell: ' }],
  ])('of a %s learns and writes: %o', async (name, settings) => {
    const trained = await spec(name, settings)
    const { events, thrown } = await trainTiny(trained)
    expect(thrown).toBeNull()
    const losses = seriesOf(events, 'train/loss').map(({ value }) => value)
    expect(Math.min(...losses.slice(-4))).toBeLessThan((losses[0] as number) * 0.8)
    const values = ofKind(events, 'metrics').findLast((event) => 'eval/chrf' in event.values)?.values ?? {}
    expect(values['eval/perplexity']).toBeCloseTo(Math.exp(values['eval/loss'] as number), 6)
    for (const share of ['eval/token_accuracy', 'eval/exact_match', 'eval/edit_distance']) {
      expect(values[share], share).toBeGreaterThanOrEqual(0)
      expect(values[share], share).toBeLessThanOrEqual(1)
    }
    const told = ofKind(events, 'predictions').at(-1)
    const { rows = [], answers = [], values: judged = [] } = told ?? {}
    expect(rows).toHaveLength(2)
    expect(rows).toEqual(rows.toSorted((a, b) => a - b))
    rows.forEach((row, i) => {
      expect(judged[i]).toBeCloseTo(chrf(answers[i] as string, pairs[row]?.target as string), 9)
    })

    // Its best checkpoint writes the same when it is asked again.
    const best = ofKind(events, 'checkpoint').findLast((checkpoint) => checkpoint.best)
    const prompts = rows.map((row) => pairs[row]?.text as string)
    const options = { max_new_tokens: 16, num_beams: settings.generation_num_beams ?? 1 }
    const checkpointDir = best?.path as string
    expect(await outputsOf(trained, checkpointDir, prompts, options)).toEqual(answers)
    const asked = { ...trained, kind: 'predict', checkpointDir, texts: prompts } as const
    expect((await predict(asked)).map(({ answer }) => answer)).toEqual(answers)
  })

  test('goes on exactly after a pause, and writes the same', async () => {
    const settings = { dropout: 0.1, num_train_epochs: 4, eval_steps: 0 }
    const whole = await trainTiny(await spec('marian', settings))
    const broken = await spec('marian', settings)
    const first = await trainTiny(broken, (events) => (seriesOf(events, 'train/loss').length >= 5 ? 3 : 0))
    const resumeFrom = ofKind(first.events, 'checkpoint').at(-1)?.path as string
    const second = await trainTiny({ ...broken, resumeFrom })
    expect(second.thrown).toBeNull()
    const all = [...first.events, ...second.events]
    for (const series of ['train/loss', 'eval/loss', 'eval/chrf'])
      expect(seriesOf(all, series), series).toEqual(seriesOf(whole.events, series))
    expect(ofKind(all, 'predictions').at(-1)).toEqual(ofKind(whole.events, 'predictions').at(-1))
  })

  test('does not draw, and says so', async () => {
    const { config, modelDir, threads } = await spec('t5')
    const options = generationOptionsSchema.parse({ do_sample: true })
    const asked = {
      kind: 'generate',
      checkpointDir: modelDir,
      modelDir,
      config,
      prompts: ['a'],
      options,
      threads,
    } as const
    await expect(
      writeOutputs(
        asked,
        () => {},
        () => false,
      ),
    ).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('writes as many outputs as it is told to, spread over the rows', async () => {
    const { events } = await trainTiny(
      await spec('t5', { validation_split: 0.5, generation_max_samples: 3, max_steps: 1 }),
    )
    const { rows = [] } = ofKind(events, 'predictions').at(-1) ?? {}
    expect(rows).toHaveLength(3)
    expect(new Set(rows).size).toBe(3)
  })
})

describe('its data', () => {
  test('ends targets, shifts them for the decoder, and counts no padding', async () => {
    const { modelDir, datasetDir, config } = await spec('marian', { max_length: 8, max_target_length: 8 })
    const tokenizer = await loadTokenizer(modelDir)
    const { data } = await prepareData({ task: config.task, datasetDir, modelDir, labels: [], config }, false, () => {})
    const train = data.train as SourceTargetRows
    for (const ids of train.targets) expect(ids.at(-1)).toBe(1)
    const validation = data.validation as SourceTargetRows
    expect(validation.references).toEqual(Array.from(validation.rows, (row) => pairs[row]?.target))
    // "stone" and "s t o n e" have 6 and 10 tokens.
    expect(data.truncatedShare).toBeGreaterThan(0)
    const layout = { buckets: [8], batchSize: 16, padId: tokenizer.padId }
    const positions = Int32Array.from(train.rows.keys())
    const { feeds, weight, tokens, length } = text2textGeneration.batch(train, positions, layout, config, null)
    expect(length).toBe(8)
    const sum = (lists: readonly Int32Array[]) => lists.reduce((total, ids) => total + ids.length, 0)
    expect(weight).toBe(sum(train.targets))
    expect(tokens).toBe(sum(train.targets) + sum(train.sources))
    expect((feeds.weights as Float32Array).reduce((a, b) => a + b, 0)).toBe(weight)
    const rowOf = (name: string, row: number) => Array.from(feeds[name]?.subarray(row * 8, row * 8 + 8) ?? [])
    train.targets.forEach((ids, row) => {
      expect(rowOf('labels', row).slice(0, ids.length)).toEqual(Array.from(ids))
      expect(rowOf('decoder_input_ids', row).slice(0, ids.length)).toEqual([0, ...ids.subarray(0, -1)])
      const source = train.sources[row] as Int32Array
      expect(rowOf('attention_mask', row)).toEqual(Array.from({ length: 8 }, (_, i) => (i < source.length ? 1 : 0)))
    })
  })
})
