import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { linkCheckpoint } from '../../../core/checkpoint/link.ts'
import { openSafetensors } from '../../../core/checkpoint/safetensors.ts'
import { optimizerFile, readTrainingState } from '../../../core/checkpoint/training-state.ts'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import type { RunEvent, TrainSpec } from '../../../core/worker/protocol.ts'
import { errorOf } from '../../support/temporary.ts'
import { ofKind, seriesOf, tinySpec, trainTiny } from './fixture.ts'

/** Four steps at a constant rate, without dropout. */
const settings: Partial<RunConfigInput> = {
  num_train_epochs: 1,
  per_device_train_batch_size: 2,
  lr_scheduler_type: 'constant',
  warmup_ratio: 0,
}

function lastCheckpoint(events: readonly RunEvent[]): string {
  return ofKind(events, 'checkpoint').at(-1)?.path ?? expect.fail('no checkpoint was written')
}

/** A parent that has finished, and a spec of a child that begins with its last checkpoint. The parent is gone by then. */
async function forked(
  change: Partial<RunConfigInput>,
  childChange: Partial<RunConfigInput>,
  kept: { optimizer: boolean; head: boolean },
): Promise<{ parent: readonly RunEvent[]; child: TrainSpec }> {
  const spec = await tinySpec({ ...settings, ...change })
  const parent = await trainTiny(spec)
  expect(parent.thrown).toBeNull()
  const child = await tinySpec({ ...settings, ...change, ...childChange })
  const dir = join(child.runDir, 'start')
  await linkCheckpoint(lastCheckpoint(parent.events), dir, kept)
  await rm(spec.runDir, { recursive: true })
  return { parent: parent.events, child: { ...child, start: { ...kept, dir } } }
}

const lossBefore = (events: readonly RunEvent[]) => seriesOf(events, 'eval/loss').at(-1)?.value as number

describe.each<[string, Partial<RunConfigInput>]>([
  ['full', {}],
  ['lora', { method: 'lora', learning_rate: 0.01 }],
  ['head', { method: 'head', learning_rate: 0.01 }],
])('a fork begins with the weights of its checkpoint: %s', (_, change) => {
  test('which are those that the parent ended with', async () => {
    // A rate so small that the first evaluation is still the parent's last.
    const { parent, child } = await forked(change, { learning_rate: 1e-12, seed: 7 }, { optimizer: false, head: true })
    const { events, thrown } = await trainTiny(child)
    expect(thrown).toBeNull()
    expect(seriesOf(events, 'eval/loss').at(-1)?.value).toBeCloseTo(lossBefore(parent), 5)
    expect(seriesOf(events, 'train/loss').map(({ step }) => step)).toEqual([1, 2, 3, 4])
    expect(ofKind(events, 'log').map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^The weights are those of step 4 of the run/),
    )
  })

  test('and with fresh weights of the head where the labels are others', async () => {
    const { parent, child } = await forked(change, { learning_rate: 1e-12, seed: 7 }, { optimizer: false, head: false })
    const { events, thrown } = await trainTiny(child)
    expect(thrown).toBeNull()
    expect(Math.abs((seriesOf(events, 'eval/loss').at(-1)?.value as number) - lossBefore(parent))).toBeGreaterThan(1e-3)
  })
})

describe("the optimizer's state", () => {
  test('goes along bit for bit, and its bias corrections count on', async () => {
    const { child } = await forked({ learning_rate: 1e-3 }, {}, { optimizer: true, head: true })
    const parentState = await readTrainingState(child.start?.dir ?? '')
    expect(parentState).toMatchObject({ position: { step: 4 }, optimizerSteps: 0 })
    const paused = await trainTiny(child, (events) => (seriesOf(events, 'train/loss').length >= 1 ? 3 : 0))
    const at = lastCheckpoint(paused.events)
    expect(await readTrainingState(at)).toMatchObject({ position: { step: 1 }, optimizerSteps: 4 })

    const name = 'bert.encoder.layer.0.attention.self.query.weight'
    const read = (dir: string, file: string, tensor: string) => {
      const opened = openSafetensors(join(dir, file))
      try {
        return opened.read(tensor)
      } finally {
        opened.close()
      }
    }
    const before = read(child.start?.dir ?? '', 'model.safetensors', name)
    const after = read(at, 'model.safetensors', name)
    const [m, v] = ['adam_m', 'adam_v'].map((moment) => read(at, optimizerFile, `${moment}/${name}`))
    // torch.optim.AdamW at its fifth update, weight decay 0.01.
    const [b1, b2, lr] = [1 - 0.9 ** 5, 1 - 0.999 ** 5, 1e-3]
    const expected = before.map(
      (w, i) => w * (1 - lr * 0.01) - (lr * ((m?.[i] as number) / b1)) / (Math.sqrt((v?.[i] as number) / b2) + 1e-8),
    )
    const worst = Math.max(...after.map((w, i) => Math.abs(w - (expected[i] as number))))
    expect(worst).toBeLessThan(1e-6)
    // Taken for a first step, the update would be several times as large.
    expect(Math.max(...after.map((w, i) => Math.abs(w - (before[i] as number))))).toBeLessThan(1.5 * lr)
  })

  test('stays behind when it is not asked for', async () => {
    const { child } = await forked({}, {}, { optimizer: false, head: true })
    await errorOf('not_found', () => readOptimizerFile(child))
    const { thrown, events } = await trainTiny(child)
    expect(thrown).toBeNull()
    expect(await readTrainingState(lastCheckpoint(events))).toMatchObject({ optimizerSteps: 0 })
  })
})

async function readOptimizerFile(child: TrainSpec): Promise<unknown> {
  return openSafetensors(join(child.start?.dir ?? '', optimizerFile))
}

test('a fork that is paused goes on as an unbroken one, with its parent gone', async () => {
  const change = { ...settings, num_train_epochs: 2, dropout: 0.1 }
  const { child } = await forked({}, change, { optimizer: true, head: true })
  const numbers = (events: readonly RunEvent[]) =>
    ['train/loss', 'eval/loss'].flatMap((name) => seriesOf(events, name).map(({ step, value }) => `${step} ${value}`))
  const unbroken = await trainTiny({ ...child, runDir: join(child.runDir, 'other') })
  const first = await trainTiny(child, (events) => (seriesOf(events, 'train/loss').length >= 3 ? 3 : 0))
  const second = await trainTiny({ ...child, resumeFrom: lastCheckpoint(first.events) })
  expect(second.thrown).toBeNull()
  expect(numbers([...first.events, ...second.events]).toSorted()).toEqual(numbers(unbroken.events).toSorted())
  const weights = async (events: readonly RunEvent[]) => readFile(join(lastCheckpoint(events), 'model.safetensors'))
  expect((await weights(second.events)).equals(await weights(unbroken.events))).toBe(true)
})

test('a start that was damaged is named', async () => {
  const { child } = await forked({}, {}, { optimizer: false, head: true })
  await rm(join(child.start?.dir ?? '', 'model.safetensors'))
  const { thrown } = await trainTiny(child)
  expect((await errorOf('bad_file', () => Promise.reject(thrown))).message).toContain('model.safetensors is missing')
})
