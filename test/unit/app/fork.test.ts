import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyCheckpoint } from '../../../core/checkpoint/save.ts'
import type { Run } from '../../../core/contract/domain.ts'
import type { Input } from '../../../core/contract/methods.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { plays } from '../../support/scripted-worker.ts'
import { importSample, mails, openApp, type SmallApp, temporaryPlace, untilState } from '../../support/small-app.ts'

interface Ready extends SmallApp {
  readonly specs: TrainSpec[]
  readonly parent: Run
}

/** An app that notes what its workers are given, and a run of `play` that has finished. */
async function ready(play: keyof typeof plays = 'train', more = {}): Promise<Ready> {
  const specs: TrainSpec[] = []
  const small = await openApp(temporaryPlace(), {}, (spec) => {
    if (spec.kind === 'train') specs.push(spec)
  })
  await importSample(small)
  const config = { model: 'minilm-l6', dataset: 'Mails', name: 'parent', max_length: 32, adam_epsilon: plays[play] }
  const { run } = await small.call('runs.create', { config: { ...config, ...more } })
  const parent = await untilState(small, run.id, 'finished')
  return { ...small, specs, parent }
}

const fork = async ({ call, parent }: Ready, more: Partial<Input<'runs.fork'>> = {}) =>
  (await call('runs.fork', { id: parent.id, ...more })).run

const startOf = (small: SmallApp, { id }: Pick<Run, 'id'>) => join(small.home, 'runs', id, 'start')

describe('a fork', () => {
  test('begins with a checkpoint of its parent, under the settings that it is given', async () => {
    const small = await ready()
    const { parent } = small
    const child = await fork(small, { config: { ...parent.config, name: 'child', learning_rate: 0.5, seed: 9 } })
    expect(child).toMatchObject({
      name: 'child',
      step: 0,
      config: { learning_rate: 0.5, seed: 9, max_length: 32 },
      origin: { kind: 'fork', run: parent.id, name: 'parent', step: 4, deleted: false },
      start: { optimizer: false, head: true },
    })
    await untilState(small, child.id, 'finished')
    const dir = startOf(small, child)
    expect(small.specs.at(-1)).toMatchObject({ run: child.id, start: { dir, optimizer: false, head: true } })
    const files = (await verifyCheckpoint(dir)).files.map(({ name }) => name)
    expect(files).toContain('model.safetensors')
    expect(files).not.toContain('optimizer.safetensors')
    const { bytes } = (await small.call('runs.get', { id: child.id })).run
    const { checkpoints } = await small.call('runs.checkpoints', { id: child.id })
    expect(bytes).toBe(checkpoints.reduce((sum, checkpoint) => sum + checkpoint.bytes, child.bytes))
  })

  test('has the settings of its parent where none are given, and a name of its own', async () => {
    const small = await ready()
    const child = await fork(small)
    const { name: _, ...settings } = child.config
    const { name: __, ...before } = small.parent.config
    expect(settings).toEqual(before)
    expect(child.name).toBe('parent from step 4')
    expect((await fork(small)).name).toBe('parent from step 4 (2)')
  })

  test('of an adapter may leave its layers to the default that it was trained with', async () => {
    const small = await ready('train', { method: 'lora' })
    const { target_modules: _, ...config } = small.parent.config
    expect((await fork(small, { config: { ...config, name: 'again' } })).config).toMatchObject({
      name: 'again',
      target_modules: small.parent.config.target_modules,
    })
  })

  test('takes no room beside its parent, and outlives it', async () => {
    const small = await ready()
    await small.call('queue.pause', { paused: true })
    const child = await fork(small, { optimizer: true })
    const weights = join(startOf(small, child), 'model.safetensors')
    const [checkpoint] = (await small.call('runs.checkpoints', { id: small.parent.id })).checkpoints
    expect(statSync(weights).ino).toBe(statSync(join(checkpoint?.path ?? '', 'model.safetensors')).ino)

    await small.call('runs.delete', { id: small.parent.id })
    rmSync(join(small.home, 'trash'), { recursive: true })
    await small.call('queue.pause', { paused: false })
    const run = await untilState(small, child.id, 'finished')
    expect(run.origin).toMatchObject({ run: small.parent.id, name: 'parent', deleted: true })
    await verifyCheckpoint(startOf(small, child))
    expect(existsSync(join(startOf(small, child), 'optimizer.safetensors'))).toBe(true)
  })

  test('of a step that is not there names those that are', async () => {
    const small = await ready()
    await expect(fork(small, { checkpoint: 3 })).rejects.toThrowError(/no checkpoint of step 3; there are those of 4\./)
    expect((await fork(small, { checkpoint: 4 })).origin?.step).toBe(4)
  })

  test('of a damaged checkpoint leaves nothing behind', async () => {
    const small = await ready()
    const [checkpoint] = (await small.call('runs.checkpoints', { id: small.parent.id })).checkpoints
    writeFileSync(join(checkpoint?.path ?? '', 'model.safetensors'), 'no')
    await expect(fork(small)).rejects.toMatchObject({ code: 'bad_file' })
    expect((await small.call('runs.list', {})).runs).toHaveLength(1)
  })

  test('draws its head anew on data with other labels', async () => {
    const small = await ready()
    const other = join(small.home, 'other.csv')
    writeFileSync(other, mails(60).replaceAll(',spam', ',junk'))
    const handle = small.app.files.register(other, 'other.csv')
    await small.call('datasets.import', { source: { kind: 'file', handle }, name: 'Other' })
    const config = { ...small.parent.config, dataset: 'Other' }
    await expect(fork(small, { config, optimizer: true })).rejects.toMatchObject({
      code: 'bad_config',
      details: { setting: 'dataset' },
    })
    expect(await fork(small, { config })).toMatchObject({ dataset: { name: 'Other' }, start: { head: false } })
  })

  test.each<[string, 'full' | 'lora', Partial<Run['config']>]>([
    ['method', 'full', { method: 'lora' }],
    ['lora_r', 'lora', { lora_r: 4 }],
    ['target_modules', 'lora', { target_modules: ['query'] }],
  ])('cannot change %s, which its weights have no place in', async (setting, method, change) => {
    const small = await ready('train', { method })
    const config = { ...small.parent.config, ...change }
    await expect(fork(small, { config })).rejects.toMatchObject({ code: 'bad_config', details: { setting } })
  })

  test('cannot take the state of another optimizer', async () => {
    const small = await ready()
    const config = { ...small.parent.config, optim: 'sgd' as const }
    await expect(fork(small, { config, optimizer: true })).rejects.toMatchObject({ details: { setting: 'optim' } })
    expect((await fork(small, { config })).start?.optimizer).toBe(false)
  })
})

test('a repeat of a fork begins where the fork began', async () => {
  const small = await ready()
  const child = await fork(small, { optimizer: true })
  const { runs } = await small.call('runs.repeat', { id: child.id, seeds: [5] })
  const [repeat] = runs
  expect(repeat).toMatchObject({
    config: { seed: 5 },
    origin: { kind: 'repeat', run: child.id, step: null },
    start: { optimizer: true, head: true },
  })
  await untilState(small, repeat?.id ?? '', 'finished')
  expect(small.specs.at(-1)?.start?.dir).toBe(startOf(small, repeat ?? child))
})

test('a fork of a run whose model was deleted says what to do', async () => {
  const small = await ready()
  await small.call('models.delete', { id: small.parent.model.id })
  await expect(fork(small)).rejects.toThrowError(/model .* was deleted\. Restore it first/)
})
