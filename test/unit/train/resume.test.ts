import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyCheckpoint } from '../../../core/checkpoint/save.ts'
import { optimizerFile, readTrainingState } from '../../../core/checkpoint/training-state.ts'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { writeRowStore } from '../../../core/data/row-store.ts'
import type { RunEvent, TrainSpec } from '../../../core/worker/protocol.ts'
import { errorOf } from '../../support/temporary.ts'
import { corpus, ofKind, seriesOf, tinySpec, trainTiny } from './fixture.ts'

/** Twelve steps, four an epoch: shuffled, with dropout, warm-up and a falling rate. */
const settings: Partial<RunConfigInput> = {
  num_train_epochs: 3,
  per_device_train_batch_size: 2,
  dropout: 0.1,
  warmup_ratio: 0.4,
  lr_scheduler_type: 'cosine',
}

const pauseAfter = (step: number) => (events: readonly RunEvent[]) =>
  seriesOf(events, 'train/loss').length >= step ? 3 : 0

function lastCheckpoint(events: readonly RunEvent[]): string {
  const path = ofKind(events, 'checkpoint').at(-1)?.path
  if (path === undefined) expect.fail('no checkpoint was written')
  return path
}

/** Trains in two sittings: paused after `step`, and gone on with. */
async function trainBroken(spec: TrainSpec, step: number): Promise<RunEvent[]> {
  const first = await trainTiny(spec, pauseAfter(step))
  expect(first.thrown).toBeNull()
  expect(ofKind(first.events, 'result')[0]?.outcome).toBe('paused')
  const second = await trainTiny({ ...spec, resumeFrom: lastCheckpoint(first.events) })
  expect(second.thrown).toBeNull()
  return [...first.events, ...second.events]
}

/** Every tensor file of the last checkpoint, byte for byte. */
async function finalTensors(events: readonly RunEvent[]): Promise<Record<string, string>> {
  const dir = lastCheckpoint(events)
  const names = (await readdir(dir)).filter((name) => name.endsWith('.safetensors')).sort()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await readFile(join(dir, name))).toString('base64')] as const)),
  )
}

/** What must not depend on an interruption: exact values, told apart to the bit. */
function numbersOf(events: readonly RunEvent[]): string[] {
  return ofKind(events, 'metrics').flatMap(({ step, examples, tokens, values }) =>
    Object.entries(values)
      .filter(([name]) => !name.startsWith('perf/'))
      .map(([name, value]) => `${step} ${examples} ${tokens} ${name} ${Object.is(value, -0) ? '-0' : value}`),
  )
}

describe.each<[string, Partial<RunConfigInput>]>([
  ['full', {}],
  ['lora', { method: 'lora', lora_dropout: 0.1, learning_rate: 0.01 }],
  ['accumulation', { per_device_train_batch_size: 1, gradient_accumulation_steps: 2 }],
  ['bf16', { precision: 'bf16', method: 'lora', learning_rate: 0.01 }],
  ['head', { method: 'head', learning_rate: 0.05 }],
  ['recomputed', { gradient_checkpointing: true }],
  ['adafactor', { optim: 'adafactor', learning_rate: 0.01 }],
  ['sgd', { optim: 'sgd', learning_rate: 0.02 }],
])('C03, C04: a run that goes on is the unbroken one, bit for bit: %s', (_, change) => {
  test('at the first step, amid an epoch, at its end, after it', async () => {
    const unbroken = await trainTiny(await tinySpec({ ...settings, ...change }))
    expect(unbroken.thrown).toBeNull()
    const numbers = numbersOf(unbroken.events)
    const tensors = await finalTensors(unbroken.events)
    expect(Object.keys(tensors)).toContain(optimizerFile)
    for (const step of [1, 3, 4, 5]) {
      const broken = await trainBroken(await tinySpec({ ...settings, ...change }), step)
      expect(numbersOf(broken)).toEqual(numbers)
      expect(await finalTensors(broken)).toEqual(tensors)
      const [predictions, same] = [broken, unbroken.events].map((events) => ofKind(events, 'predictions').at(-1))
      expect(predictions).toBeDefined()
      expect(predictions).toEqual(same)
    }
  })
})

describe('going on', () => {
  test('fills the window of logging_steps up', async () => {
    const change = { ...settings, logging_steps: 5 }
    const unbroken = await trainTiny(await tinySpec(change))
    const spec = await tinySpec(change)
    let asked = 0
    // Asked once a row, and thrice a step: a few steps into the second window.
    const first = await trainTiny(spec, () => (asked++ > 30 ? 3 : 0))
    expect(ofKind(first.events, 'result')[0]?.outcome).toBe('paused')
    expect((await readTrainingState(lastCheckpoint(first.events))).window.losses.length).toBeGreaterThan(0)
    const second = await trainTiny({ ...spec, resumeFrom: lastCheckpoint(first.events) })
    expect(numbersOf([...first.events, ...second.events])).toEqual(numbersOf(unbroken.events))
  })

  test('works without a pause, from the last checkpoint that was written', async () => {
    const change = { ...settings, save_steps: 3, eval_steps: 100 }
    const unbroken = await trainTiny(await tinySpec(change))
    const spec = await tinySpec(change)
    const killed = await trainTiny(spec, (events) => (seriesOf(events, 'train/loss').length >= 8 ? 2 : 0))
    expect(ofKind(killed.events, 'checkpoint').map(({ step, metrics }) => [step, metrics])).toEqual([
      [3, {}],
      [6, {}],
    ])
    const again = await trainTiny({ ...spec, resumeFrom: lastCheckpoint(killed.events) })
    expect(again.thrown).toBeNull()
    expect(numbersOf(unbroken.events).slice(-numbersOf(again.events).length)).toEqual(numbersOf(again.events))
    expect(seriesOf(again.events, 'train/loss')[0]?.step).toBe(7)
    expect(await finalTensors(again.events)).toEqual(await finalTensors(unbroken.events))
  })

  test('tells the predictions of a best checkpoint from before', async () => {
    const change = { ...settings, eval_steps: 1, learning_rate: 0.05 }
    const unbroken = await trainTiny(await tinySpec(change))
    const best = ofKind(unbroken.events, 'checkpoint').findLast((checkpoint) => checkpoint.best)
    expect(best?.step).toBeLessThan(11)
    const broken = await trainBroken(await tinySpec(change), 11)
    expect(ofKind(broken, 'predictions').at(-1)).toEqual(ofKind(unbroken.events, 'predictions').at(-1))
    expect(ofKind(broken, 'checkpoint').findLast((checkpoint) => checkpoint.best)?.step).toBe(best?.step)
  })

  test.each(['flipped', 'cut short'])('C05: falls back when the newest checkpoint is %s, and says so', async (how) => {
    const change = { ...settings, save_total_limit: 3 }
    const spec = await tinySpec(change)
    const unbroken = await trainTiny(spec)
    const path = join(spec.runDir, 'checkpoint-12')
    const weights = join(path, 'model.safetensors')
    if (how === 'cut short') await truncate(weights, 1000)
    else {
      const bytes = await readFile(weights)
      bytes[5000] = (bytes[5000] as number) ^ 1
      await writeFile(weights, bytes)
    }
    const again = await trainTiny({ ...spec, resumeFrom: path })
    expect(again.thrown).toBeNull()
    const warnings = ofKind(again.events, 'log').filter(({ level }) => level === 'warning')
    expect(warnings.map(({ text }) => text).join(' ')).toMatch(/model\.safetensors.*checkpoint-8/)
    expect(seriesOf(again.events, 'train/loss')[0]?.step).toBe(9)
    expect(numbersOf(unbroken.events).slice(-numbersOf(again.events).length)).toEqual(numbersOf(again.events))
    await verifyCheckpoint(path)
  })

  test('has nothing to go on from when every checkpoint is damaged', async () => {
    const spec = await tinySpec({ ...settings, num_train_epochs: 1 })
    await trainTiny(spec)
    const path = join(spec.runDir, 'checkpoint-4')
    await appendFile(join(path, optimizerFile), 'x')
    const { thrown } = await trainTiny({ ...spec, resumeFrom: path })
    const error = await errorOf('bad_file', () => Promise.reject(thrown))
    expect(error.message).toContain(optimizerFile)
  })
})

describe('C09: what has changed is refused by name', () => {
  async function paused(): Promise<{ spec: TrainSpec; resumeFrom: string }> {
    const spec = await tinySpec(settings)
    const { events } = await trainTiny(spec, pauseAfter(3))
    return { spec, resumeFrom: lastCheckpoint(events) }
  }
  const refusal = async (spec: TrainSpec) => {
    const { thrown } = await trainTiny(spec)
    const { details } = await errorOf('conflict', () => Promise.reject(thrown))
    return details?.field
  }

  test('settings', async () => {
    const { spec, resumeFrom } = await paused()
    const changed = (change: Partial<TrainSpec['config']>) =>
      refusal({ ...spec, resumeFrom, config: { ...spec.config, ...change } })
    expect(await changed({ per_device_train_batch_size: 4 })).toBe('per_device_train_batch_size')
    expect(await changed({ learning_rate: 1 })).toBe('learning_rate')
    expect(await changed({ precision: 'bf16' })).toBe('precision')
    const harmless = { ...spec.config, save_steps: 1, name: 'another' }
    expect((await trainTiny({ ...spec, resumeFrom, config: harmless })).thrown).toBeNull()
  })

  test('the model, the tokenizer and the dataset', async () => {
    const { spec, resumeFrom } = await paused()
    const config = join(spec.modelDir, 'config.json')
    const text = await readFile(config, 'utf8')
    await writeFile(config, text.replace('"layer_norm_eps": 1e-12', '"layer_norm_eps": 1e-6'))
    expect(await refusal({ ...spec, resumeFrom })).toBe('model')
    await writeFile(config, text)

    const file = (await readdir(spec.modelDir)).includes('tokenizer.json') ? 'tokenizer.json' : 'vocab.txt'
    const vocabulary = await readFile(join(spec.modelDir, file), 'utf8')
    await writeFile(join(spec.modelDir, file), `${vocabulary}\n`)
    expect(await refusal({ ...spec, resumeFrom })).toBe('tokenizer')
    await writeFile(join(spec.modelDir, file), vocabulary)

    const rows = async function* () {
      for (const [i, row] of corpus.entries()) yield { line: i + 2, ...row, text: i === 0 ? 'another' : row.text }
    }
    await writeRowStore(spec.datasetDir, rows())
    expect(await refusal({ ...spec, resumeFrom })).toBe('dataset')
  })
})

describe('a pause', () => {
  test('saves where the run stands, unevaluated, with its integers', async () => {
    const spec = await tinySpec(settings)
    const { events } = await trainTiny(spec, pauseAfter(3))
    expect(ofKind(events, 'checkpoint')).toMatchObject([{ step: 3, best: false, last: true, metrics: {} }])
    expect(await readTrainingState(lastCheckpoint(events))).toMatchObject({
      position: { epoch: 0, step: 3, microStep: 0 },
      best: null,
      counters: { examples: 6 },
      engine: { threads: 2, precision: 'fp32' },
    })
  })

  test('before the first step leaves nothing: the run begins anew', async () => {
    const { events, thrown } = await trainTiny(await tinySpec(), () => 3)
    expect(thrown).toBeNull()
    expect(ofKind(events, 'checkpoint')).toEqual([])
    expect(ofKind(events, 'result')[0]?.outcome).toBe('paused')
  })
})
