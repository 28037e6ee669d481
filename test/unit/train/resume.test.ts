import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyCheckpoint } from '../../../core/checkpoint/save.ts'
import { optimizerFile, readTrainingState } from '../../../core/checkpoint/training-state.ts'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { writeRowStore } from '../../../core/data/row-store.ts'
import type { RunEvent, TrainSpec } from '../../../core/worker/protocol.ts'
import { familyFolder } from '../../golden/family-reference.ts'
import { barPicture, toneClip } from '../../support/media.ts'
import {
  finalTensors,
  lastCheckpoint,
  numbersOf,
  pauseAt,
  resumeCases,
  resumeSettings,
  resumeSpec,
  type StopPoint,
  trainBroken,
} from '../../support/resume-exactly.ts'
import { errorOf } from '../../support/temporary.ts'
import { corpus, ofKind, seriesOf, specOf, trainTiny } from './fixture.ts'

const pauseAfter = (step: number) => (events: readonly RunEvent[]) =>
  seriesOf(events, 'train/loss').length >= step ? 3 : 0

const at = (step: number, microStep = 0): StopPoint => ({ step, microStep })

/** At the first step, amid an epoch, at its end, after it, amid a step's batches. All points: npm run test:resume. */
const points: Record<string, StopPoint[]> = {
  full: [at(1), at(4), at(11)],
  LoRA: [at(3), at(5)],
  accumulation: [at(0, 1), at(1, 2), at(3, 1), at(3, 2)],
  bf16: [at(4), at(6)],
  head: [at(1), at(5)],
  recomputed: [at(5)],
  Adafactor: [at(3), at(6)],
  SGD: [at(1, 1), at(6)],
}

describe('C03, C04: a run that goes on is the unbroken one, bit for bit', () => {
  test.each(Object.keys(resumeCases))('%s', async (name) => {
    const change = resumeCases[name] ?? {}
    const unbroken = await trainTiny(await resumeSpec(change))
    expect(unbroken.thrown).toBeNull()
    const tensors = await finalTensors(unbroken.events)
    expect(Object.keys(tensors)).toContain(optimizerFile)
    const broken = await trainBroken(await resumeSpec(change), points[name] ?? [])
    expect(numbersOf(broken)).toEqual(numbersOf(unbroken.events))
    expect(await finalTensors(broken)).toEqual(tensors)
    const [predictions, same] = [broken, unbroken.events].map((events) => ofKind(events, 'predictions').at(-1))
    expect(predictions).toBeDefined()
    expect(predictions).toEqual(same)
  })
})

/** Rows that are changed at random each time they are seen: what a run draws for them must go on where it was. */
const drawnCases = {
  pictures: {
    model: 'vit-grey',
    media: barPicture,
    ending: 'png',
    task: 'image-classification',
    change: { image_flip: true, image_shift: 2, image_brightness: 0.4 },
  },
  clips: {
    model: 'whisper-classes',
    media: toneClip,
    ending: 'wav',
    task: 'audio-classification',
    change: { audio_shift: 50, audio_gain: 6, audio_noise: 0.3 },
  },
} as const
type DrawnCase = keyof typeof drawnCases

async function drawnSpec(name: DrawnCase, change: Partial<RunConfigInput>): Promise<TrainSpec> {
  const { model, media, ending, task } = drawnCases[name]
  const labels = ['a', 'b', 'c']
  const rows = Array.from({ length: 12 }, async (_, i) => {
    const kind = i % labels.length
    return { line: i + 1, text: `${i}.${ending}`, label: labels[kind] as string, media: await media(kind, i) }
  })
  const settings = { ...resumeSettings, task, learning_rate: 3e-3, ...change }
  const spec = await specOf(familyFolder(model), await Promise.all(rows), settings)
  return { ...spec, labels }
}

describe.each<DrawnCase>(['pictures', 'clips'])('a run with changed %s', (name) => {
  test('goes on amid an epoch and ends as the unbroken one, bit for bit', async () => {
    const { change } = drawnCases[name]
    const unbroken = await trainTiny(await drawnSpec(name, change))
    expect(unbroken.thrown).toBeNull()
    const broken = await trainBroken(await drawnSpec(name, change), [at(2), at(8)])
    expect(numbersOf(broken)).toEqual(numbersOf(unbroken.events))
    expect(await finalTensors(broken)).toEqual(await finalTensors(unbroken.events))
    // And they were changed.
    const plain = await trainTiny(await drawnSpec(name, {}))
    expect(numbersOf(plain.events)[0]).not.toEqual(numbersOf(unbroken.events)[0])
  })
})

describe('amid the batches of a step', () => {
  const accumulating = { per_device_train_batch_size: 1, gradient_accumulation_steps: 3 }

  test('what was found of the weights stays with them', async () => {
    const spec = await resumeSpec(accumulating)
    const { events } = await trainTiny(spec, pauseAt(at(3, 2)))
    const [evaluated, amid] = ofKind(events, 'checkpoint')
    expect([evaluated?.step, amid?.step]).toEqual([3, 3])
    expect(amid).toMatchObject({ best: true, metrics: evaluated?.metrics })
    expect(Object.keys(amid?.metrics ?? {})).toContain('eval/loss')
    expect(await readTrainingState(lastCheckpoint(events))).toMatchObject({
      position: { epoch: 1, step: 3, microStep: 2 },
      counters: { examples: 8 },
    })
  })

  test('and at every save that is due by time', async () => {
    const spec = await resumeSpec({ ...accumulating, num_train_epochs: 1, save_minutes: 1e-9, save_total_limit: 20 })
    const { events } = await trainTiny(spec)
    expect(ofKind(events, 'checkpoint').map(({ step }) => step)).toEqual([0, 0, 1, 1, 1, 2, 2, 3])
    const kept = (await readdir(spec.runDir)).sort()
    expect(kept).toEqual(['checkpoint-0', 'checkpoint-1', 'checkpoint-2', 'checkpoint-3'])
    for (const name of kept) await verifyCheckpoint(join(spec.runDir, name))
    // Three batches a step, the last step two: each of these was written last amid its step.
    const positions = await Promise.all(
      kept.map(async (name) => (await readTrainingState(join(spec.runDir, name))).position),
    )
    expect(positions.map(({ microStep }) => microStep)).toEqual([2, 2, 1, 0])
  })
})

describe('going on', () => {
  test('fills the window of logging_steps up', async () => {
    const change = { logging_steps: 5 }
    const unbroken = await trainTiny(await resumeSpec(change))
    const spec = await resumeSpec(change)
    // Four questions a step: some steps into the second window.
    const first = await trainTiny(spec, pauseAt(at(5, 2)))
    expect(ofKind(first.events, 'result')[0]?.outcome).toBe('paused')
    expect((await readTrainingState(lastCheckpoint(first.events))).window.losses.length).toBeGreaterThan(0)
    const second = await trainTiny({ ...spec, resumeFrom: lastCheckpoint(first.events) })
    expect(numbersOf([...first.events, ...second.events])).toEqual(numbersOf(unbroken.events))
  })

  test('works without a pause, from the last checkpoint that was written', async () => {
    const change = { save_steps: 3, eval_steps: 100 }
    const unbroken = await trainTiny(await resumeSpec(change))
    const spec = await resumeSpec(change)
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
    const change = { eval_steps: 1, learning_rate: 0.05, num_train_epochs: 2 }
    const unbroken = await trainTiny(await resumeSpec(change))
    const best = ofKind(unbroken.events, 'checkpoint').findLast((checkpoint) => checkpoint.best)
    expect(best?.step).toBeLessThan(7)
    const broken = await trainBroken(await resumeSpec(change), [at(7)])
    expect(ofKind(broken, 'predictions').at(-1)).toEqual(ofKind(unbroken.events, 'predictions').at(-1))
    expect(ofKind(broken, 'checkpoint').findLast((checkpoint) => checkpoint.best)?.step).toBe(best?.step)
  })

  test.each(['flipped', 'cut short'])('C05: falls back when the newest checkpoint is %s, and says so', async (how) => {
    const change = { save_total_limit: 3 }
    const spec = await resumeSpec(change)
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

  test('with no step left removes what was to go after the last checkpoint', async () => {
    const spec = await resumeSpec({ save_total_limit: 3 })
    const { events } = await trainTiny(spec)
    expect(await readdir(spec.runDir)).toHaveLength(3)
    // As if it had been killed before the removal.
    const config = { ...spec.config, save_total_limit: 1 }
    const again = await trainTiny({ ...spec, config, resumeFrom: lastCheckpoint(events) })
    expect(again.thrown).toBeNull()
    const gone = ofKind(again.events, 'pruned').map(({ path }) => basename(path))
    expect(gone).toEqual(expect.arrayContaining(['checkpoint-4']))
    expect(await readdir(spec.runDir)).toHaveLength(3 - gone.length)
    expect(ofKind(again.events, 'checkpoint')).toEqual([])
  })

  test('has nothing to go on from when every checkpoint is damaged', async () => {
    const spec = await resumeSpec({ num_train_epochs: 1 })
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
    const spec = await resumeSpec({})
    const { events } = await trainTiny(spec, pauseAfter(3))
    return { spec, resumeFrom: lastCheckpoint(events) }
  }
  const refusal = async (spec: TrainSpec) => {
    const { thrown } = await trainTiny(spec)
    const { details, message } = await errorOf('conflict', () => Promise.reject(thrown))
    expect([details?.offer, message]).toEqual(['fork', expect.stringContaining('fork the run')])
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

test('the timings are of all sittings', async () => {
  const events = await trainBroken(await resumeSpec({}), [at(5)])
  const [first, whole] = ofKind(events, 'result').map(({ timings }) => timings)
  expect(first?.steps).toBe(5)
  expect(whole?.steps).toBe(12)
  expect(whole?.seconds).toBeGreaterThan(first?.seconds ?? 0)
  expect(whole?.totalSeconds).toBeGreaterThan(first?.totalSeconds ?? 0)
  expect(whole?.timeToFirstStepMs).toBe(first?.timeToFirstStepMs)
  const last = ofKind(events, 'metrics').at(-1)
  expect((whole?.tokensPerSecond ?? 0) * (whole?.seconds ?? 0)).toBeCloseTo(last?.tokens ?? 0)
})

test('a pause before the first step of a later sitting keeps the timings', async () => {
  const spec = await resumeSpec({})
  const first = await trainTiny(spec, pauseAfter(5))
  const second = await trainTiny({ ...spec, resumeFrom: lastCheckpoint(first.events) }, () => 3)
  expect(ofKind(second.events, 'result')[0]).toMatchObject({ outcome: 'paused', timings: { steps: 5 } })
})

describe('a pause', () => {
  test('saves where the run stands, unevaluated, with its integers', async () => {
    const spec = await resumeSpec({})
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
    const { events, thrown } = await trainTiny(await resumeSpec({}), () => 3)
    expect(thrown).toBeNull()
    expect(ofKind(events, 'checkpoint')).toEqual([])
    expect(ofKind(events, 'result')[0]?.outcome).toBe('paused')
  })
})
