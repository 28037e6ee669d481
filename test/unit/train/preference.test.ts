import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import type { SourceRow } from '../../../core/data/row-store.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { largestDifference } from '../../support/engines.ts'
import { ofKind, seriesOf, specOf, trainTiny } from './fixture.ts'

const golden = join(import.meta.dirname, '..', '..', 'golden')

/** The answer that names the letter is preferred. */
const pairs: SourceRow[] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((letter, i) => ({
  line: i + 2,
  text: `Which letter is it?`,
  label: '',
  fields: { chosen: `It is the dog ${letter}.`, rejected: 'No.' },
}))

function spec(settings: Partial<RunConfigInput> = {}, rows = pairs): Promise<TrainSpec> {
  const usual: Partial<RunConfigInput> = {
    task: 'preference',
    max_length: 64,
    learning_rate: 3e-3,
    target_modules: ['q_proj', 'v_proj'],
  }
  return specOf(join(golden, 'tiny-chat'), rows, { ...usual, ...settings })
}

describe('a run for preferences', () => {
  test.each<[string, Partial<RunConfigInput>]>([
    ['DPO', {}],
    ['IPO', { dpo_loss_type: 'ipo' }],
    ['DPO by LoRA, accumulating', { method: 'lora', learning_rate: 3e-2, gradient_accumulation_steps: 2 }],
  ])('comes to prefer what was chosen: %s', async (_, settings) => {
    const { events, thrown } = await trainTiny(await spec(settings))
    expect(thrown).toBeNull()
    const losses = seriesOf(events, 'train/loss').map(({ value }) => value)
    // At first it is its own reference: each margin is 0.
    const first = settings.dpo_loss_type === 'ipo' ? (1 / 0.2) ** 2 : Math.log(2)
    expect(losses[0]).toBeCloseTo(first, 3)
    expect(losses.at(-1)).toBeLessThan(first * 0.9)
    const last = ofKind(events, 'metrics').findLast(({ values }) => 'eval/reward_margin' in values)?.values ?? {}
    expect(last['eval/reward_accuracy']).toBe(1)
    const { rows, values = [] } = ofKind(events, 'predictions').at(-1) ?? { rows: [] }
    expect(values).toHaveLength(rows.length)
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(
      last['eval/reward_margin'] ?? 0,
      6,
    )
    expect(last['eval/reward_chosen']).toBeCloseTo(
      (last['eval/reward_rejected'] as number) + (last['eval/reward_margin'] as number),
      5,
    )
  })

  test('goes on exactly after a pause: the reference is still the model that it began as', async () => {
    for (const method of ['full', 'lora'] as const) {
      const settings = { method, num_train_epochs: 3 }
      const whole = await trainTiny(await spec(settings))
      const broken = await spec(settings)
      const first = await trainTiny(broken, (events) => (seriesOf(events, 'train/loss').length >= 5 ? 3 : 0))
      const resumeFrom = ofKind(first.events, 'checkpoint').at(-1)?.path as string
      const second = await trainTiny({ ...broken, resumeFrom })
      expect(second.thrown).toBeNull()
      const both = [...first.events, ...second.events]
      expect(seriesOf(both, 'train/loss')).toEqual(seriesOf(whole.events, 'train/loss'))
      expect(seriesOf(both, 'eval/reward_margin')).toEqual(seriesOf(whole.events, 'eval/reward_margin'))
    }
  })

  test('a fork has the weights that it begins with as its reference', async () => {
    const parent = await trainTiny(await spec({ max_steps: 4 }))
    const dir = ofKind(parent.events, 'checkpoint').at(-1)?.path as string
    const child = await trainTiny({
      ...(await spec({ max_steps: 1 })),
      start: { dir, head: true, optimizer: false },
    })
    expect(child.thrown).toBeNull()
    expect(seriesOf(child.events, 'train/loss')[0]?.value).toBeCloseTo(Math.log(2), 3)
  })

  test('computes the same on both engines', async () => {
    const losses = []
    for (const engine of ['graph', 'eager'] as const) {
      const { events } = await trainTiny(await spec({ engine, max_steps: 4 }))
      losses.push(seriesOf(events, 'train/loss').map(({ value }) => value))
    }
    expect(losses[0]).toHaveLength(4)
    expect(largestDifference(losses[0] ?? [], losses[1] ?? [])).toBeLessThan(1e-4)
  })
})
