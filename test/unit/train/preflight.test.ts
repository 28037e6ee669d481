import { readFile, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DiskForecast, MemoryForecast } from '../../../core/contract/preflight.ts'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { writeRowStore } from '../../../core/data/row-store.ts'
import { nameRunFailure } from '../../../core/train/failures.ts'
import { preflight } from '../../../core/train/preflight/preflight.ts'
import { reasonOf, sentenceOf } from '../../../core/train/preflight/verdict.ts'
import { reporterOf } from '../../../core/train/reporter.ts'
import type { PreflightSpec, TrainSpec } from '../../../core/worker/protocol.ts'
import { corpus, ofKind, tinySpec, trainTiny } from './fixture.ts'

const rest = 70e6

async function forecastSpec(spec: TrainSpec, host = { restingBytes: rest, heldBytes: rest, othersBytes: 0 }) {
  const [runsDir, scratchDir] = [spec.runDir, join(spec.runDir, 'scratch')]
  return { ...spec, kind: 'preflight', runsDir, scratchDir, measure: false, host } satisfies PreflightSpec
}

async function foresee(spec: TrainSpec, stop: 0 | 2 = 0) {
  const thread = { startedAt: performance.now(), startBytes: rest, stop: () => stop }
  return preflight(
    await forecastSpec(spec),
    reporterOf(() => {}),
    thread,
  )
}

/** Long rows, and the tiny model's folder as that of a wider one. Its weights would not fit it: nothing here reads them. */
async function wideSpec(settings: Partial<RunConfigInput>): Promise<TrainSpec> {
  const spec = await tinySpec({ max_length: 512, ...settings })
  const file = join(spec.modelDir, 'config.json')
  const config = JSON.parse(await readFile(file, 'utf8')) as object
  const wide = { hidden_size: 256, intermediate_size: 1024, num_hidden_layers: 4, max_position_embeddings: 512 }
  await writeFile(file, JSON.stringify({ ...config, ...wide }))
  const rows = async function* () {
    for (const [i, row] of corpus.entries()) yield { line: i + 2, ...row, text: `${row.text} `.repeat(200) }
  }
  await writeRowStore(spec.datasetDir, rows())
  return spec
}

describe('a forecast', () => {
  test.each<Partial<RunConfigInput>>([
    {},
    { method: 'lora', gradient_accumulation_steps: 2 },
    { method: 'head', num_train_epochs: 2.5 },
  ])('counts what the run then does: %j', async (settings) => {
    const spec = await tinySpec(settings)
    const { plan, time } = await foresee(spec)
    const { events, thrown } = await trainTiny(spec)
    expect(thrown).toBeNull()
    const { labels: _, ...actual } = ofKind(events, 'plan')[0]?.plan ?? expect.fail('the run has no plan')
    expect(plan).toEqual({ ...actual, whole: true })
    // Tokens of a run whose epochs are whole are counted one by one.
    const last = ofKind(events, 'metrics').findLast(({ values }) => 'train/loss' in values)
    const foreseen = time.tokensPerSecond * time.trainingSeconds
    expect(Math.abs(foreseen / (last?.tokens ?? 0) - 1)).toBeLessThan(settings.num_train_epochs === 2.5 ? 0.1 : 1e-9)
  })

  test('ends soon when it is not wanted any more', async () => {
    await expect(foresee(await tinySpec(), 2)).rejects.toMatchObject({ code: 'stopped' })
  })
})

describe('the sentence', () => {
  const memory: MemoryForecast = { peakBytes: 3e9, neededBytes: 2e9, availableBytes: 1e9, parts: [], source: 'graph' }
  const disk: DiskForecast = { checkpointBytes: 1e9, neededBytes: 4e9, freeBytes: 1e11 }
  const ways = [{ settings: { max_length: 64, gradient_checkpointing: true }, peakBytes: 9e8, neededBytes: 8e8 }]

  test('says what is wanted, what there is, and what would fit', () => {
    expect(reasonOf(memory, disk)).toBe('It does not fit: it wants about 2.0 GB more memory, and 1.0 GB can be had.')
    expect(sentenceOf(memory, disk, ways)).toBe(
      `${reasonOf(memory, disk)} It would with max_length 64 and gradient_checkpointing true (900 MB).`,
    )
    expect(sentenceOf(memory, disk, [])).toContain('take a smaller model')
  })

  test('of a disk that is too small speaks of checkpoints, not of models', () => {
    const plenty = { ...memory, availableBytes: 9e9 }
    const full = { ...disk, freeBytes: 1e9 }
    expect(sentenceOf(plenty, full, [])).toBe(
      'It does not fit: its checkpoints want 4.0 GB of disk, and 1.0 GB are free. Free some space, or keep fewer of them ' +
        'with save_total_limit or save_total_megabytes.',
    )
  })

  test('of what is tight says so, and of what fits how much it takes', () => {
    expect(sentenceOf({ ...memory, availableBytes: 2.1e9 }, disk, [])).toMatch(
      /^It is tight: it wants 2.0 GB of the 2.1 GB/,
    )
    expect(sentenceOf({ ...memory, availableBytes: 9e9 }, disk, [])).toMatch(/^It fits: about 3.0 GB of memory/)
  })
})

describe.skipIf(totalmem() > 60e9)('a run that is too large', () => {
  const tooLarge = { per_device_train_batch_size: 1024 }

  test('would fit with each of the settings that are offered, worked out anew', async () => {
    const { verdict, alternatives } = await foresee(await wideSpec(tooLarge))
    expect(verdict).toBe('does not fit')
    expect(alternatives.length).toBeGreaterThan(0)
    for (const { settings, peakBytes } of alternatives) {
      const again = await foresee(await wideSpec({ ...tooLarge, ...settings }))
      expect(again.verdict).not.toBe('does not fit')
      expect(Math.abs(again.memory.peakBytes / peakBytes - 1)).toBeLessThan(0.02)
    }
  })

  test('that has failed says which settings would fit', async () => {
    const thrown = new Error('OOM when allocating tensor with shape[1024,16,64,64] and type float')
    const named = await nameRunFailure(thrown, await wideSpec(tooLarge), rest)
    expect(named).toMatchObject({
      code: 'out_of_memory',
      message: expect.stringMatching(/^The memory was not enough for a step\. It would with /),
      details: {
        reason: thrown.message,
        alternatives: expect.arrayContaining([expect.objectContaining({ peakBytes: expect.any(Number) })]),
      },
    })
  })
})

test('a run that failed although hardly anything of it is the batch’s gets general advice', async () => {
  const named = await nameRunFailure(new RangeError('Array buffer allocation failed'), await tinySpec(), rest)
  expect(named).toMatchObject({ code: 'out_of_memory', message: expect.stringContaining('gradient_checkpointing') })
  expect(named).not.toHaveProperty('details.alternatives')
})

test('all else that ends a run keeps its name', async () => {
  const thrown = new Error('a defect')
  expect(await nameRunFailure(thrown, await tinySpec(), rest)).toBe(thrown)
})
