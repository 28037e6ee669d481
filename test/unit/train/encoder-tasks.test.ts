import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readHeader } from '../../../core/checkpoint/safetensors.ts'
import { type RunConfigInput, runConfigSchema, type TaskName } from '../../../core/contract/settings.ts'
import { importDataset } from '../../../core/data/import.ts'
import { predict } from '../../../core/train/predict.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { finalTensors, lastCheckpoint, numbersOf, trainBroken } from '../../support/resume-exactly.ts'
import { temporaryFolder } from '../../support/temporary.ts'
import { askedOf, corpus, ofKind, seriesOf, tinyModel, trainTiny } from './fixture.ts'

/** The tasks of encoders, each from a file to what a run of it answers. */

const things = ['kernel', 'patch', 'list', 'prize', 'money']
const tagged = Array.from({ length: 14 }, (_, i) => {
  const thing = things[i % things.length] as string
  return i % 2 === 0
    ? { tokens: ['a', thing, 'for', 'you', 'now'], tags: ['O', 'B-THING', 'O', 'B-WHO', 'O'] }
    : { tokens: ['click', 'now', 'the', 'free', thing], tags: ['O', 'O', 'O', 'B-THING', 'I-THING'] }
})
const files: Readonly<Partial<Record<TaskName, readonly object[]>>> = {
  'text-classification': corpus,
  'fill-mask': [...corpus, ...corpus].map(({ text }) => ({ text })),
  'text-regression': [...corpus, ...corpus, ...corpus, ...corpus].map(({ text }) => ({
    text,
    score: text.includes('free') ? 2.5 : -1,
  })),
  'token-classification': tagged,
  'question-answering': Array.from({ length: 12 }, (_, i) => {
    const [thing, other] = [things[i % 5] as string, things[(i + 2) % 5] as string]
    const context = `you win a ${thing} now. the meeting is for the ${other}.`
    return { context, question: 'win the', answers: { text: [thing], answer_start: [context.indexOf(thing)] } }
  }),
}

async function specOf(task: TaskName, settings: Partial<RunConfigInput> = {}, model = tinyModel): Promise<TrainSpec> {
  const dir = await temporaryFolder()
  const at = (name: string) => join(dir, name)
  await cp(model, at('model'), { recursive: true })
  await writeFile(at('rows.jsonl'), (files[task] ?? []).map((row) => JSON.stringify(row)).join('\n'))
  const options = { onBadRows: 'stop' } as const
  const { labels } = await importDataset(task, at('rows.jsonl'), 'rows.jsonl', options, at('dataset'))
  const config = runConfigSchema.parse({
    ...{ model: 'tiny', dataset: 'rows', task, max_length: 40, learning_rate: 5e-3, num_train_epochs: 12, dropout: 0 },
    ...{ per_device_train_batch_size: 4, per_device_eval_batch_size: 4, precision: 'fp32' },
    ...settings,
  })
  return {
    ...{ kind: 'train', run: 'r1', config, modelDir: at('model'), datasetDir: at('dataset'), runDir: at('run') },
    ...{ labels: labels.map(({ label }) => label), threads: 2 },
  } as TrainSpec
}

/** What a finished run told: its last evaluation, its answers, and its best checkpoint. */
async function finished(spec: TrainSpec) {
  const { events, thrown } = await trainTiny(spec)
  expect(thrown).toBeNull()
  const metrics = ofKind(events, 'metrics').findLast(({ values }) => 'eval/loss' in values)?.values ?? {}
  const told = ofKind(events, 'predictions').at(-1)
  const best = ofKind(events, 'checkpoint').findLast((checkpoint) => checkpoint.best)?.path as string
  const losses = seriesOf(events, 'train/loss').map(({ value }) => value)
  expect(losses.at(-1)).toBeLessThan((losses[0] as number) * 0.9)
  expect(told?.answers).toHaveLength(told?.rows.length as number)
  expect(told?.values).toHaveLength(told?.rows.length as number)
  return { events, metrics, told, best }
}

describe('a run', () => {
  test('for masked words learns, and fills what a person hides', async () => {
    const spec = await specOf('fill-mask')
    const { metrics, told, best } = await finished(spec)
    expect(metrics['eval/perplexity']).toBeCloseTo(Math.exp(metrics['eval/loss'] as number), 6)
    expect(metrics['eval/token_accuracy']).toBeGreaterThan(0.3)
    const [first] = JSON.parse(told?.answers?.[0] ?? '[]')
    expect(first).toMatchObject({ before: expect.any(String), hidden: expect.any(String), after: expect.any(String) })
    expect(first.guesses).toHaveLength(3)
    const texts = ['a [MASK] for the [MASK]', 'win a free prize']
    const [filled, nothing] = await predict({ ...askedOf(spec, best), texts })
    const holes = JSON.parse(filled?.answer ?? '') as { before: string; hidden: string; guesses: [string, number][] }[]
    expect(holes.map(({ before, hidden }) => [before, hidden])).toEqual([
      ['a', ''],
      ['a [MASK] for the', ''],
    ])
    expect(things).toContain(holes[1]?.guesses[0]?.[0])
    expect(nothing?.answer).toBe('[]')
  })

  test('for numbers estimates them', async () => {
    const spec = await specOf('text-regression', { num_train_epochs: 6, learning_rate: 1e-3 })
    const { metrics, told, best } = await finished(spec)
    expect(metrics['eval/rmse']).toBeCloseTo(Math.sqrt(metrics['eval/mse'] as number), 9)
    expect(metrics['eval/rmse']).toBeLessThan(1)
    expect(metrics['eval/pearson']).toBeGreaterThan(0.8)
    const texts = ['a free prize for you click', 'a patch for the kernel']
    const answers = (await predict({ ...askedOf(spec, best), texts })).map(({ answer }) => Number(answer))
    expect(answers[0]).toBeGreaterThan((answers[1] as number) + 1)
    expect(told?.values?.[0]).toBeCloseTo(told?.loss[0] as number, 9)
  })

  test.each(['full', 'lora', 'head'] as const)('for tags finds the things in a text: %s', async (method) => {
    const spec = await specOf('token-classification', { method, ...(method !== 'full' && { learning_rate: 0.05 }) })
    expect(spec.labels).toEqual(['B-THING', 'B-WHO', 'I-THING', 'O'])
    const { metrics, told, best } = await finished(spec)
    expect(metrics['eval/token_accuracy']).toBeGreaterThan(method === 'head' ? 0.5 : 0.8)
    if (method !== 'head') expect(metrics['eval/entity_f1']).toBeGreaterThan(0.5)
    const texts = told?.rows.map((row) => tagged[row]?.tokens.join(' ') as string) ?? []
    const again = await predict({ ...askedOf(spec, best), texts })
    expect(again.map(({ answer }) => answer)).toEqual(told?.answers)
    expect(JSON.parse(again[0]?.answer ?? '')).toHaveLength(5)
  })

  test('for questions answers from the text, in windows where it is long', async () => {
    const spec = await specOf('question-answering', { max_length: 24, num_train_epochs: 25 })
    const { metrics, told, best } = await finished(spec)
    expect(metrics['eval/answer_f1']).toBeGreaterThan(0.5)
    expect(metrics['eval/exact_match']).toBeLessThanOrEqual(metrics['eval/answer_f1'] as number)
    expect(told?.values?.every((value) => value >= 0 && value <= 1)).toBe(true)
    const text = 'you win a list now. the meeting is for the money.'
    const [said] = await predict({ ...askedOf(spec, best), texts: [text], fields: [{ question: 'win the' }] })
    expect(text).toContain(said?.answer)
  })
})

test('a run for masked words that was broken off goes on bit for bit', async () => {
  const settings = { num_train_epochs: 3, dropout: 0.1, eval_steps: 3 }
  const whole = await trainTiny(await specOf('fill-mask', settings))
  const broken = await trainBroken(await specOf('fill-mask', settings), [
    { step: 2, microStep: 0 },
    { step: 5, microStep: 0 },
  ])
  const numbers = numbersOf(whole.events)
  expect(numbers.length).toBeGreaterThan(10)
  expect(numbersOf(broken)).toEqual(expect.arrayContaining(numbers))
  expect(await finalTensors(broken)).toEqual(await finalTensors(whole.events))
})

describe('a checkpoint of another training', () => {
  const logOf = (events: Parameters<typeof numbersOf>[0]) => ofKind(events, 'log').map(({ text }) => text)

  test('of masked words becomes a classifier and goes back; what it lacks is drawn, what is left over is told', async () => {
    const short = { num_train_epochs: 1 }
    const words = lastCheckpoint((await trainTiny(await specOf('fill-mask', short))).events)
    const classes = await trainTiny(await specOf('text-classification', short, words))
    expect(classes.thrown).toBeNull()
    const log = logOf(classes.events)
    expect(log).toContainEqual(expect.stringMatching(/^Not in the checkpoint, .*bert\.pooler\.dense.*classifier\./))
    expect(log).toContainEqual(expect.stringMatching(/no part of this model: "cls\.predictions\./))
    const back = await trainTiny(await specOf('fill-mask', short, lastCheckpoint(classes.events)))
    expect(back.thrown).toBeNull()
    expect(logOf(back.events)).toContainEqual(expect.stringMatching(/^Not in the checkpoint, .*cls\.predictions\./))
    expect(logOf(back.events)).toContainEqual(expect.stringMatching(/no part of this model: .*pooler/))
  })

  test('takes an adapter whose pooler is trained and kept', async () => {
    const words = lastCheckpoint((await trainTiny(await specOf('fill-mask', { num_train_epochs: 1 }))).events)
    const spec = await specOf('text-classification', { method: 'lora', learning_rate: 0.02 }, words)
    const { events } = await trainTiny(spec)
    const best = ofKind(events, 'checkpoint').findLast((checkpoint) => checkpoint.best)?.path as string
    const names = [...readHeader(join(best, 'adapter_model.safetensors')).tensors.keys()]
    expect(names).toContain('base_model.model.bert.pooler.dense.weight')
    const told = ofKind(events, 'predictions').at(-1)
    const texts = told?.rows.map((row) => corpus[row]?.text as string) ?? []
    const again = await predict({ ...askedOf(spec, best), texts })
    expect(again.map(({ label }) => spec.labels.indexOf(label ?? ''))).toEqual(told?.predicted)
  })
})
