import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { defaultTemplate } from '../../../core/data/chat/template.ts'
import type { SourceRow } from '../../../core/data/row-store.ts'
import { generateTexts } from '../../../core/generate/generate-texts.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { ofKind, seriesOf, specOf, trainTiny } from './fixture.ts'

const golden = join(import.meta.dirname, '..', '..', 'golden')

const questions = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']
const instructions: SourceRow[] = questions.map((text, i) => ({
  line: i + 2,
  text: `What comes after ${text}?`,
  label: '',
  fields: { output: 'the dog' },
}))

function spec(settings: Partial<RunConfigInput> = {}, rows: readonly SourceRow[] = instructions): Promise<TrainSpec> {
  const usual: Partial<RunConfigInput> = {
    task: 'chat',
    max_length: 96,
    learning_rate: 1e-2,
    target_modules: ['q_proj', 'v_proj'],
  }
  return specOf(join(golden, 'tiny-chat'), rows, { ...usual, ...settings })
}

describe('a run for instructions and chats', () => {
  test('has the losses of transformers on what the assistant says', async () => {
    const [{ rows }] = JSON.parse(await readFile(join(golden, 'chat.json'), 'utf8')) as [
      { rows: { turns: [string, string][]; loss: number }[] },
    ]
    const chats = rows.map(({ turns }, i): SourceRow => {
      return { line: i + 1, text: JSON.stringify(turns.map(([role, content]) => ({ role, content }))), label: '' }
    })
    for (const packing of [true, false]) {
      const settings = { packing, validation_split: 0.75, max_steps: 1, learning_rate: 1e-9, max_length: 256 }
      const { events, thrown } = await trainTiny(await spec(settings, chats))
      expect(thrown).toBeNull()
      const told = ofKind(events, 'predictions').at(-1)
      expect(told?.rows).toHaveLength(3)
      for (const [i, row] of told?.rows.entries() ?? []) expect(told?.loss[i]).toBeCloseTo(rows[row]?.loss as number, 4)
    }
  })

  test.each<[string, Partial<RunConfigInput>]>([
    ['full', {}],
    [
      'LoRA',
      {
        method: 'lora',
        learning_rate: 0.03,
        target_modules: ['q_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
      },
    ],
  ])('learns to answer, and its weights then do: %s', async (_, settings) => {
    const run = await spec({ num_train_epochs: 25, written_answers: 1, ...settings })
    const { events, thrown } = await trainTiny(run)
    expect(thrown).toBeNull()
    const losses = seriesOf(events, 'train/loss').map(({ value }) => value)
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) * 0.3)
    const last = ofKind(events, 'metrics').findLast(({ values }) => 'eval/perplexity' in values)?.values
    expect(last?.['eval/token_accuracy']).toBeGreaterThan(0.9)
    const checkpointDir = ofKind(events, 'checkpoint').at(-1)?.path as string
    const written: string[] = []
    const options = { max_new_tokens: 12, num_beams: 1, do_sample: false, temperature: 1, top_k: 0, top_p: 1 }
    await generateTexts(
      {
        ...{ kind: 'generate', checkpointDir, modelDir: run.modelDir, config: run.config, threads: 2 },
        prompts: ['What comes after m?'],
        options: { ...options, repetition_penalty: 1, seed: 1, stop_strings: [] },
      },
      (told) => written.push(told.type === 'text' ? told.text : `[${told.reason}]`),
      () => false,
    )
    expect(written.join('')).toBe('the dog[end]')
    // As the last evaluation wrote them; those that it was not asked for are left out.
    const { rows = [], answers = [] } = ofKind(events, 'predictions').at(-1) ?? {}
    expect(answers).toHaveLength(rows.length)
    expect(answers.filter((answer) => answer === 'the dog')).toHaveLength(1)
    expect(answers.filter((answer) => answer === '')).toHaveLength(rows.length - 1)
  })

  test('writes the same answers on both engines, in batches smaller than there are prompts', async () => {
    const told = []
    for (const engine of ['graph', 'eager'] as const) {
      const run = await spec({ engine, max_steps: 1, validation_split: 0.5, per_device_eval_batch_size: 4 })
      told.push(ofKind((await trainTiny(run)).events, 'predictions').at(-1)?.answers)
    }
    expect(told[0]).toHaveLength(6)
    expect(told[0]?.some((answer) => answer.length > 20)).toBe(true)
    expect(told[0]).toEqual(told[1])
  })

  test('leaves the template that it was trained by where the model has none', async () => {
    for (const method of ['full', 'lora'] as const) {
      const run = await spec({ method, max_steps: 1 })
      await rm(join(run.modelDir, 'chat_template.jinja'))
      const { events, thrown } = await trainTiny(run)
      expect(thrown).toBeNull()
      const dir = ofKind(events, 'checkpoint').at(-1)?.path as string
      expect(await readFile(join(dir, 'chat_template.jinja'), 'utf8')).toBe(defaultTemplate)
    }
    const own = await spec({ method: 'lora', max_steps: 1 })
    const { events } = await trainTiny(own)
    expect(await readdir(ofKind(events, 'checkpoint').at(-1)?.path as string)).not.toContain('chat_template.jinja')
  })

  test('goes on exactly after a pause', async () => {
    const settings = { num_train_epochs: 3, gradient_accumulation_steps: 2, per_device_train_batch_size: 1 }
    const whole = await trainTiny(await spec(settings))
    const broken = await spec(settings)
    const first = await trainTiny(broken, (events) => (seriesOf(events, 'train/loss').length >= 2 ? 3 : 0))
    const second = await trainTiny({ ...broken, resumeFrom: ofKind(first.events, 'checkpoint').at(-1)?.path as string })
    expect(seriesOf([...first.events, ...second.events], 'eval/loss')).toEqual(seriesOf(whole.events, 'eval/loss'))
    expect(seriesOf(second.events, 'eval/loss').length).toBeGreaterThan(0)
  })

  test('says which row is no conversation, and when no answer begins in time', async () => {
    const broken = [...instructions, { line: 99, text: 'alone', label: '' }]
    expect((await trainTiny(await spec({}, broken))).thrown).toMatchObject({
      code: 'bad_data',
      message: expect.stringContaining('line 99'),
    })
    expect((await trainTiny(await spec({ max_length: 8 }))).thrown).toMatchObject({
      code: 'bad_data',
      message: expect.stringContaining('larger max_length'),
    })
  })
})
