import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSafetensors } from '../../../core/checkpoint/safetensors.ts'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { planBeforehand } from '../../../core/train/beforehand.ts'
import { loadModel } from '../../../core/train/load-model.ts'
import type { RunEvent } from '../../../core/worker/protocol.ts'
import { largestDifference } from '../../support/engines.ts'
import { ofKind, seriesOf, tinyModel, tinySpec, trainTiny } from './fixture.ts'

/** Four steps an epoch, whose losses do not depend on how many steps are planned. */
const settings: Partial<RunConfigInput> = {
  method: 'head',
  learning_rate: 0.05,
  per_device_train_batch_size: 2,
  lr_scheduler_type: 'constant',
  warmup_ratio: 0,
  dropout: 0.3,
}

async function finished(change: Partial<RunConfigInput>): Promise<readonly RunEvent[]> {
  const { events, thrown } = await trainTiny(await tinySpec({ ...settings, ...change }))
  expect(thrown).toBeNull()
  return events
}

const tellsFeatures = (events: readonly RunEvent[]) => ofKind(events, 'phase').some(({ phase }) => phase === 'features')

const numbersOf = (events: readonly RunEvent[], names = ['train/loss', 'train/grad_norm', 'eval/loss']) =>
  names.flatMap((name) => seriesOf(events, name).map(({ value }) => value))

describe('a head on a frozen model', () => {
  test.each<['graph' | 'eager', Partial<RunConfigInput>]>([
    ['graph', {}],
    ['graph', { gradient_accumulation_steps: 2, per_device_train_batch_size: 1, label_smoothing_factor: 0.1 }],
    ['eager', {}],
  ])('learns the same from features as from the rows: %s', async (engine, change) => {
    // Fewer steps than an epoch do not pay for a pass over all rows.
    const fromRows = await finished({ ...change, engine, max_steps: 3, eval_steps: 1 })
    const fromFeatures = await finished({ ...change, engine, max_steps: 4, eval_steps: 1 })
    expect([tellsFeatures(fromRows), tellsFeatures(fromFeatures)]).toEqual([false, true])
    const [rows, features] = [fromRows, fromFeatures].map((events) =>
      numbersOf(events.filter((event) => event.kind !== 'metrics' || event.step <= 3)),
    )
    expect(rows).toHaveLength(9)
    expect(largestDifference(rows ?? [], features ?? [])).toBeLessThan(1e-5)
  })

  test('has dropout of its own, and the model below it has none', async () => {
    const [some, none] = [await finished({ max_steps: 4 }), await finished({ max_steps: 4, dropout: 0 })]
    const [a, b] = [numbersOf(some, ['train/loss']), numbersOf(none, ['train/loss'])]
    expect(largestDifference(a, b)).toBeGreaterThan(1e-3)
    const twice = await finished({ max_steps: 4 })
    expect(numbersOf(twice)).toEqual(numbersOf(some))
  })

  test('leaves every other weight as it was, bit for bit, in its checkpoint', async () => {
    const events = await finished({ num_train_epochs: 2 })
    const written = openSafetensors(join(ofKind(events, 'checkpoint').at(-1)?.path ?? '', 'model.safetensors'))
    const first = openSafetensors(join(tinyModel, 'model.safetensors'))
    const trunk = [...written.tensors.keys()].filter((name) => name.startsWith('bert.'))
    expect(trunk.length).toBeGreaterThan(30)
    for (const name of trunk) expect(written.read(name)).toEqual(first.read(name.slice('bert.'.length)))
    written.close()
    first.close()
  })
})

describe('features are kept', () => {
  const plan = async (method: 'head' | 'lora', count: number, totalSteps = 10) => {
    const model = await loadModel(tinyModel, 'text-classification', 2, { maxLength: 32 })
    return planBeforehand(model, { method }, 2 * count, { totalSteps, stepsPerEpoch: 10 })
  }

  test('for the head alone, of at least an epoch, and within half a gigabyte', async () => {
    expect((await plan('head', 100))?.widths).toEqual({ features: 32 })
    expect(await plan('lora', 100)).toBeNull()
    expect(await plan('head', 100, 9)).toBeNull()
    // 32 numbers of 4 bytes a row, on both sides.
    expect(await plan('head', 2 ** 21)).not.toBeNull()
    expect(await plan('head', 2 ** 21 + 1)).toBeNull()
  })
})
