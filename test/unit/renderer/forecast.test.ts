import { describe, expect, test } from 'vitest'
import type { Run } from '../../../core/contract/domain.ts'
import type { Alternative, Preflight } from '../../../core/contract/preflight.ts'
import { settingsInWords } from '../../../core/contract/setting-words.ts'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import { forecastRows, memoryText, needText, offered } from '../../../renderer/features/train/forecast-text.ts'
import type { Fork } from '../../../renderer/features/train/fork.ts'

const preflight: Preflight = {
  verdict: 'fits',
  reason: 'It fits.',
  sentence: 'It fits.',
  memory: { peakBytes: 1.31e9, neededBytes: 1.2e9, availableBytes: 22e9, parts: [], source: 'graph' },
  time: {
    ...{ seconds: 381.4, startingSeconds: 4, trainingSeconds: 340, evaluatingSeconds: 31, savingSeconds: 6 },
    ...{ stepMs: 813.4, tokensPerSecond: 2345.6, counted: 'tokens', source: 'graph', note: null },
  },
  disk: { checkpointBytes: 272.6e6, neededBytes: 1.16e9, freeBytes: 80e9 },
  plan: {
    ...{ trainRows: 2221, evalRows: 555, stepsPerEpoch: 139, totalSteps: 417, parameters: 22_713_986 },
    ...{ trainableParameters: 74_498, lengthBuckets: [128], truncatedShare: 0.1, whole: true },
  },
  engine: 'graph',
  precision: 'fp32',
  alternatives: [],
}

/** Spaces between numbers and units are thin. */
const plain = (text: string | undefined) => text?.replaceAll('\u202f', ' ')
const rowOf = (name: string, forecast = preflight) => {
  const row = forecastRows(forecast).find((one) => one.name === name) ?? expect.fail(`no row ${name}`)
  return [plain(row.value), plain(row.note)]
}

describe('the figures of a forecast', () => {
  test('what is only worked out is not told to the second, and says how sure it is', () => {
    expect(rowOf('Time')).toEqual(['≈ 6 min 20 s', 'may be far off'])
    expect(rowOf('Speed')).toEqual(['≈ 2,300 real tokens/s', undefined])
    const long = { ...preflight, time: { ...preflight.time, seconds: 1512 } }
    expect(rowOf('Time', long)[0]).toBe('≈ 25 min')
    expect(rowOf('A step')[0]).toBe('≈ 810 ms')
    expect(plain(memoryText(preflight.memory))).toBe('≈ 1.3 GB')
    expect(plain(memoryText({ ...preflight.memory, source: 'bound' }))).toBe('at most 1.3 GB')
  })

  test('what was measured is', () => {
    const measured: Preflight = { ...preflight, time: { ...preflight.time, source: 'steps' } }
    expect(rowOf('Time', measured)).toEqual(['6 min 21 s', 'measured here'])
    expect(rowOf('Speed', measured)).toEqual(['2,346 real tokens/s', undefined])
    expect(plain(memoryText({ ...preflight.memory, source: 'steps' }))).toBe('1.3 GB, measured')
  })

  test('steps and rows are exact only where all rows were looked at', () => {
    expect(rowOf('Steps')).toEqual(['417', '139 an epoch'])
    expect(rowOf('Rows')).toEqual(['2,221 to train', '555 to validate'])
    const sampled = { ...preflight, plan: { ...preflight.plan, whole: false } }
    expect(rowOf('Steps', sampled)[0]).toBe('≈ 417')
    expect(rowOf('Rows', sampled)[0]).toBe('≈ 2,221 to train')
  })

  test('the memory that has to come yet, beside what is free', () => {
    expect(plain(needText(preflight.memory))).toBe('Adds 1.2 GB of the 22.0 GB that are free')
    // An earlier run has left the process as large.
    expect(plain(needText({ ...preflight.memory, neededBytes: 0 }))).toMatch(/^No more than Attune holds now/)
  })

  test('trained parameters beside all, and the disk', () => {
    expect(rowOf('Trained')).toEqual(['74.5k parameters', 'of 22.7M'])
    expect(rowOf('Disk')).toEqual(['1.2 GB at most', '273 MB a checkpoint'])
  })
})

describe('what would fit', () => {
  const of = (settings: Alternative['settings']): Alternative => ({ settings, peakBytes: 1, neededBytes: 1 })
  const all = [of({ max_length: 64 }), of({ method: 'lora', learning_rate: 1e-3 }), of({ optim: 'adafactor' })]
  const config = runConfigSchema.parse({ model: 'm', dataset: 'd', learning_rate: 5e-5 })
  const parent = { name: 'parent', config } as Run
  const fork: Fork = { run: 'r', checkpoint: 'best', optimizer: false }

  test('a new run can take all of it', () => expect(offered(all, null, undefined)).toEqual(all))

  test('a fork cannot become an adapter, nor change the optimizer that it takes along', () => {
    expect(offered(all, fork, parent)).toEqual([all[0], all[2]])
    expect(offered(all, { ...fork, optimizer: true }, parent)).toEqual([all[0]])
  })

  test('it is said as the form calls it', () => {
    expect(settingsInWords({ gradient_accumulation_steps: 4, per_device_train_batch_size: 4 })).toBe(
      'Batch size 4, gradient accumulation 4',
    )
    expect(settingsInWords({ learning_rate: 0.001, method: 'lora' })).toBe('Method LoRA, learning rate 0.001')
    expect(settingsInWords({ gradient_checkpointing: true, lora_r: 4 })).toBe('LoRA rank (r) 4, recompute activations')
  })
})
