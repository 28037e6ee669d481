import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSceneAnswer } from '../../../core/contract/episodes.ts'
import { type RunConfigInput, runConfigSchema } from '../../../core/contract/settings.ts'
import { importDataset } from '../../../core/data/import.ts'
import { writePicture } from '../../../core/data/media/image.ts'
import { openRowStore } from '../../../core/data/row-store.ts'
import {
  askAbout,
  drawOrder,
  drawScene,
  nextStep,
  picture,
  pictureSize,
  stateOf,
} from '../../../core/environments/table.ts'
import { predict } from '../../../core/train/predict.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { writeFreshModel } from '../../support/fresh-model.ts'
import { temporaryFolder } from '../../support/temporary.ts'
import { writeWordTokenizer } from '../../support/word-tokenizer.ts'
import { askedOf, ofKind, seriesOf, trainTiny } from './fixture.ts'

const count = 40

/** Orders and questions in turn, each with a picture of its own. */
async function writeScenes(dir: string): Promise<string[]> {
  await mkdir(join(dir, 'pictures'), { recursive: true })
  const rows = []
  for (let seed = 0; seed < count; seed++) {
    const scene = drawScene(seed)
    const image = `pictures/${seed}.png`
    const size = { height: pictureSize, width: pictureSize, channels: 3 } as const
    await writeFile(join(dir, image), await writePicture(picture(scene), size))
    const order = drawOrder(scene, seed)
    const told = { question: order.words, answer: nextStep(scene, order), state: stateOf(scene), scene }
    rows.push({ image, ...(seed % 2 === 0 ? told : askAbout(scene, seed)) })
  }
  await writeFile(join(dir, 'scenes.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return rows.flatMap(({ question, answer }) => ['Q:', 'A:', ...question.split(' '), ...answer.split(' ')])
}

async function spec(
  settings: Partial<RunConfigInput> = {},
  fields: Readonly<Record<string, unknown>> = {},
): Promise<TrainSpec> {
  const dir = await temporaryFolder()
  const at = (name: string) => join(dir, name)
  const words = await writeScenes(at('raw'))
  await importDataset(
    'image-text-to-text',
    at('raw/scenes.jsonl'),
    'scenes.jsonl',
    { onBadRows: 'stop' },
    at('dataset'),
  )
  await mkdir(at('model'))
  const vision = {
    model_type: 'vit',
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 8,
  }
  const model = {
    ...{ model_type: 'palm_e', vocab_size: await writeWordTokenizer(at('model'), words), n_positions: 40 },
    ...{ n_embd: 16, n_layer: 1, n_head: 2, initializer_range: 0.1, state_dim: 14 },
    vision_config: { ...vision, image_size: 32, patch_size: 16, initializer_range: 0.1 },
  }
  await writeFreshModel(at('model'), { ...model, ...fields }, 'image-text-to-text')
  const config = runConfigSchema.parse({
    model: 'tiny',
    dataset: 'scenes',
    task: 'image-text-to-text',
    max_length: 24,
    learning_rate: 1e-2,
    num_train_epochs: 4,
    per_device_train_batch_size: 8,
    per_device_eval_batch_size: 4,
    dropout: 0,
    precision: 'fp32',
    target_modules: ['c_attn'],
    ...settings,
  })
  return {
    ...{ kind: 'train', run: 'r1', config, modelDir: at('model'), datasetDir: at('dataset') },
    ...{ labels: [], runDir: at('run'), threads: 2 },
  } as TrainSpec
}

describe('a run for image, state and text', () => {
  test('learns, writes answers, and carries orders out', async () => {
    const { events, thrown } = await trainTiny(await spec())
    expect(thrown).toBeNull()
    const losses = seriesOf(events, 'eval/loss').map(({ value }) => value)
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) * 0.9)
    expect(seriesOf(events, 'eval/success')).toHaveLength(4)
    const told = ofKind(events, 'predictions').at(-1) ?? expect.fail()
    expect(told.answers).toHaveLength(8)
    for (const [i, answer] of (told.answers ?? []).entries()) {
      const row = told.rows[i] as number
      const { text, episode } = readSceneAnswer(answer)
      expect(text.length).toBeLessThan(60)
      expect(episode === null).toBe(row % 2 === 1)
      if (!episode) continue
      expect(episode.frames).toHaveLength(episode.actions.length + 1)
      // The first step is the answer: both come from the same picture, state and words.
      expect(episode.names[episode.actions[0] as number]).toBe(text)
      expect(episode.frames[0]?.slice(0, 2)).toEqual([...drawScene(row).gripper])
    }
    const exact = (told.values ?? []).reduce((a, b) => a + b, 0) / 8
    const best = Math.min(...losses)
    const at = losses.indexOf(best)
    expect(seriesOf(events, 'eval/exact_match')[at]?.value).toBe(exact)
  })

  test('says to pictures, states and questions what it said of its rows', async () => {
    const started = await spec({ num_train_epochs: 2 })
    const { events } = await trainTiny(started)
    const told = ofKind(events, 'predictions').at(-1) ?? expect.fail()
    const store = openRowStore(started.datasetDir)
    const rows = store.readMany(told.rows)
    store.close()
    const asked = {
      ...askedOf(started, ofKind(events, 'checkpoint').at(-1)?.path as string),
      texts: rows.map(({ text }) => text),
      files: rows.map(({ row }) => ({ row })),
    }
    const given = ({ fields = {} }: (typeof rows)[number]) => {
      const { answer: _, ...others } = fields
      return others
    }
    const again = await predict({ ...asked, fields: rows.map(given) })
    for (const [i, { label, answer }] of again.entries()) {
      const [said, before] = [readSceneAnswer(answer ?? ''), readSceneAnswer(told.answers?.[i] ?? '')]
      expect(label).toBeNull()
      // An evaluation has room for the longest answer there is, a prediction for all that fits.
      expect(said.text.startsWith(before.text)).toBe(true)
      expect(said.episode?.frames[0]).toEqual(before.episode?.frames[0])
    }
    // A picture and a question are enough; a state that is none is not.
    const without = await predict({ ...asked, texts: asked.texts.slice(0, 1), files: asked.files.slice(0, 1) })
    expect(readSceneAnswer(without[0]?.answer ?? '{').episode).toBeNull()
    await expect(predict({ ...asked, fields: rows.map(() => ({ state: '[1]' })) })).rejects.toMatchObject({
      code: 'bad_data',
    })
  })

  test.each<[string, Partial<RunConfigInput>]>([
    ['an adapter beside the encoders', { method: 'lora' }],
    ['the encoders alone, the language model frozen', { method: 'head' }],
  ])('trains %s', async (_, settings) => {
    const { events, thrown } = await trainTiny(await spec({ ...settings, num_train_epochs: 2 }))
    expect(thrown).toBeNull()
    const losses = seriesOf(events, 'train/loss').map(({ value }) => value)
    expect(losses.at(-1)).toBeLessThan(losses[0] as number)
    const plan = ofKind(events, 'plan')[0]?.plan
    expect(plan?.trainableParameters).toBeLessThan(plan?.parameters ?? 0)
  })

  test('does without a state', async () => {
    const { events, thrown } = await trainTiny(await spec({ max_steps: 2 }, { state_dim: 0 }))
    expect(thrown).toBeNull()
    expect(seriesOf(events, 'eval/success')).toHaveLength(1)
  })

  test('says which row has a state that does not fit', async () => {
    const { thrown } = await trainTiny(await spec({}, { state_dim: 3 }))
    expect(thrown).toMatchObject({ code: 'bad_data', message: expect.stringMatching(/Row \d+ .*3 numbers/) })
  })
})
