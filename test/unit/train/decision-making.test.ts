import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readEpisode } from '../../../core/contract/episodes.ts'
import {
  concerns,
  type Method,
  type RunConfigInput,
  runConfigSchema,
  settingInfos,
} from '../../../core/contract/settings.ts'
import { importDataset } from '../../../core/data/import.ts'
import { openRowStore } from '../../../core/data/row-store.ts'
import { sampleTrajectories, type Trajectory } from '../../../core/environments/behaviour.ts'
import { Episode } from '../../../core/environments/episode.ts'
import { environmentNamed } from '../../../core/environments/registry.ts'
import { decisionMaking } from '../../../core/tasks/decision-making.ts'
import { tryOut } from '../../../core/tasks/rollouts.ts'
import type { InputReading, Reading, TaskBatch } from '../../../core/tasks/task.ts'
import { readTrajectory, type TrajectoryRows, trajectoryRows } from '../../../core/tasks/trajectory-rows.ts'
import { predict } from '../../../core/train/predict.ts'
import type { PredictSpec, TrainSpec } from '../../../core/worker/protocol.ts'
import { writeFreshModel } from '../../support/fresh-model.ts'
import { temporaryFolder } from '../../support/temporary.ts'
import { askedOf, ofKind, seriesOf, trainTiny } from './fixture.ts'

const sizes = { model_type: 'decision_transformer', hidden_size: 16, n_layer: 1, n_head: 2, n_positions: 4 }
const worlds = {
  'tic-tac-toe': { ...sizes, state_dim: 18, act_dim: 9, action_tanh: false, max_ep_len: 8 },
  'cart-pole': { ...sizes, state_dim: 4, act_dim: 1, action_tanh: true, max_ep_len: 200 },
} as const
type World = keyof typeof worlds

async function spec(world: World, settings: Partial<RunConfigInput> = {}, rows = samples(world)): Promise<TrainSpec> {
  const dir = await temporaryFolder()
  const at = (name: string) => join(dir, name)
  await writeFreshModel(at('model'), worlds[world], 'decision-making')
  await writeFile(at('rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const imported = await importDataset(
    'decision-making',
    at('rows.jsonl'),
    'rows.jsonl',
    { onBadRows: 'stop' },
    at('dataset'),
  )
  expect(imported.rows).toBe(rows.length)
  const config = runConfigSchema.parse({
    model: 'tiny',
    dataset: 'episodes',
    task: 'decision-making',
    context_length: 6,
    learning_rate: 1e-2,
    num_train_epochs: 4,
    per_device_train_batch_size: 16,
    per_device_eval_batch_size: 8,
    precision: 'fp32',
    target_modules: ['c_attn'],
    ...settings,
  })
  return {
    ...{ kind: 'train', run: 'r1', config, modelDir: at('model'), datasetDir: at('dataset') },
    ...{ labels: [], runDir: at('run'), threads: 2 },
  } as TrainSpec
}

function samples(world: World): Trajectory[] {
  return sampleTrajectories(environmentNamed(world) ?? expect.fail(), world === 'cart-pole' ? 20 : 120, 1)
}

describe('a run for decisions', () => {
  test('learns choices, tries them out, and tells each episode', async () => {
    const started = await spec('tic-tac-toe')
    const { events, thrown } = await trainTiny(started)
    expect(thrown).toBeNull()
    const losses = seriesOf(events, 'eval/loss').map(({ value }) => value)
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) * 0.95)
    for (const name of ['eval/accuracy', 'eval/return', 'eval/score']) expect(seriesOf(events, name).length).toBe(4)
    const told = ofKind(events, 'predictions').at(-1) ?? expect.fail()
    expect(told.rows).toHaveLength(24)
    for (const [i, answer] of (told.answers ?? []).entries()) {
      const record = readEpisode(answer) ?? expect.fail()
      expect([record.seed, record.return]).toEqual([told.rows[i], told.values?.[i]])
      // What is told happened: the same actions lead to the same pictures again.
      const again = new Episode(environmentNamed(record.env) ?? expect.fail(), record.seed)
      for (const action of record.actions) again.act(action)
      expect([again.done, again.frames, again.rewards]).toEqual([true, record.frames, record.rewards])
    }
    const checkpoint = ofKind(events, 'checkpoint').at(-1)?.path as string
    const written = JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8'))
    expect(written).toMatchObject({
      architectures: ['DecisionTransformerModel'],
      target_return: 1,
      environment: 'tic-tac-toe',
    })
    expect(written.state_mean).toHaveLength(18)
  })

  test('learns numbers, with an adapter', async () => {
    const { events, thrown } = await trainTiny(
      await spec('cart-pole', { method: 'lora', learning_rate: 1e-2, num_train_epochs: 2, max_eval_samples: 2 }),
    )
    expect(thrown).toBeNull()
    const losses = seriesOf(events, 'train/loss').map(({ value }) => value)
    expect(losses.at(-1)).toBeLessThan(losses[0] as number)
    expect(seriesOf(events, 'eval/return')[0]?.value).toBeGreaterThan(1)
    expect(seriesOf(events, 'eval/accuracy')).toEqual([])
  })

  test.each<Method>(['full', 'lora'])('acts in any episode as it was judged: %s', async (method) => {
    const started = await spec('tic-tac-toe', { method, num_train_epochs: 1 })
    const { events } = await trainTiny(started)
    const told = ofKind(events, 'predictions').at(-1) ?? expect.fail()
    const asked = askedOf(started, ofKind(events, 'checkpoint').at(-1)?.path as string)
    const texts = told.rows.map(String)
    const answersOf = async (more: Partial<PredictSpec>) =>
      (await predict({ ...asked, texts, ...more })).map(({ answer }) => answer)
    expect(await answersOf({})).toEqual(told.answers)
    await expect(answersOf({ texts: ['7.5'] })).rejects.toMatchObject({
      code: 'bad_data',
      message: /"7.5" is no number/,
    })
    await expect(answersOf({ texts: ['7'], fields: [{ target_return: 'much' }] })).rejects.toThrow(
      '"much" is no number',
    )
  })

  test('is begun with the return that is asked for, else with its own', async () => {
    const { config } = await spec('tic-tac-toe')
    const facts = { state_mean: Array(18).fill(0), state_std: Array(18).fill(1), return_scale: 2, target_return: 1 }
    const modelConfig = { ...worlds['tic-tac-toe'], ...facts, environment: 'tic-tac-toe' }
    const row = (number: number, text: string, fields = {}) => ({ row: number, line: number, label: '', text, fields })
    const rows = [row(0, '7', { target_return: '-6' }), row(1, '7')]
    const asked = await trajectoryRows.inputs?.(rows, [], { modelConfig } as unknown as InputReading, config, () => {})
    const begun: number[][] = []
    const layout = { buckets: [8], batchSize: 2, padId: 0 }
    const evaluate = ({ feeds }: TaskBatch) => {
      const toGo = feeds.returns_to_go as Float32Array
      begun.push([toGo[7] as number, toGo[15] as number])
      return { actions: new Float32Array(2 * 8 * 9) }
    }
    const outcomes = tryOut(asked ?? expect.fail(), layout, config, evaluate, () => {})
    expect(begun[0]).toEqual([-3, 0.5])
    // Whoever does the same in the same episode gets the same.
    expect(outcomes[0]?.record).toBe(outcomes[1]?.record)
    expect(readEpisode(outcomes[0]?.record ?? '')?.seed).toBe(7)
  })

  test('goes on exactly after a pause: windows are drawn by seed, place and epoch', async () => {
    const settings = { num_train_epochs: 2, max_eval_samples: 4 }
    const whole = await trainTiny(await spec('cart-pole', settings))
    const broken = await spec('cart-pole', settings)
    const first = await trainTiny(broken, (events) => (seriesOf(events, 'train/loss').length >= 5 ? 3 : 0))
    const resumeFrom = ofKind(first.events, 'checkpoint').at(-1)?.path as string
    const second = await trainTiny({ ...broken, resumeFrom })
    expect(second.thrown).toBeNull()
    const losses = [...first.events, ...second.events]
    expect(seriesOf(losses, 'train/loss')).toEqual(seriesOf(whole.events, 'train/loss'))
    expect(seriesOf(losses, 'eval/return')).toEqual(seriesOf(whole.events, 'eval/return'))
  })

  test('learns from trajectories of a world that nobody has', async () => {
    const rows = samples('tic-tac-toe').map(({ env: _env, ...row }) => row)
    const started = await spec('tic-tac-toe', { num_train_epochs: 1 }, rows as Trajectory[])
    const { events, thrown } = await trainTiny(started)
    expect(thrown).toBeNull()
    expect(seriesOf(events, 'eval/return')).toEqual([])
    const asked = askedOf(started, ofKind(events, 'checkpoint').at(-1)?.path as string)
    await expect(predict({ ...asked, texts: ['0'] })).rejects.toMatchObject({ code: 'unsupported' })
    const told = ofKind(events, 'predictions').at(-1)
    expect(told?.values).toEqual(told?.loss.map((loss) => -loss))
    const checkpoint = ofKind(events, 'checkpoint').at(-1)?.path as string
    expect(JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8')).environment).toBe('')
    expect(told?.answers).toBeUndefined()
  })
})

test('its settings are those of episodes, not of texts', () => {
  const concerned = settingInfos.filter((info) => concerns(info, { method: 'full', task: 'decision-making' }))
  const names = concerned.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['context_length', 'target_return', 'learning_rate']))
  for (const name of ['max_length', 'packing', 'image_flip']) expect(names).not.toContain(name)
})

describe('its data', () => {
  const row = (fields: Record<string, unknown>, text = 'one') => ({
    ...{ row: 7, line: 8, label: '', text },
    fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)])),
  })

  test('is read from a row, its states from the text where nothing else has them', () => {
    const whole = { states: [[1, 2]], actions: [3], rewards: [0.5] }
    expect(readTrajectory(row(whole))).toEqual({ ...whole, env: '' })
    const { states, ...rest } = whole
    expect(readTrajectory(row(rest, JSON.stringify(states)))).toEqual({ ...whole, env: '' })
  })

  test.each([
    [{ states: [[1]], actions: [0] }, 'rewards'],
    [{ states: [[1]], actions: [0, 1], rewards: [1] }, '1 states, 2 actions'],
    [{ states: [], actions: [], rewards: [] }, 'no steps'],
    [{ states: [['a']], actions: [0], rewards: [1] }, 'list of numbers'],
    [{ states: [[1]], actions: [-1], rewards: [1] }, 'choice'],
    [{ states: [[1]], actions: [1], rewards: ['x'] }, 'reward'],
  ])('that is none is refused by name: %j', (fields, said) => {
    expect(() => readTrajectory(row(fields))).toThrow(new RegExp(`Row 7 \\(line 8\\).*${said}`))
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['another state', { state_dim: 5 }, 'state_dim'],
    ['numbers', { action_tanh: true }, 'action_tanh'],
    ['fewer choices', { act_dim: 4 }, 'act_dim'],
    ['shorter episodes', { max_ep_len: 3 }, 'max_ep_len'],
  ])('does not fit a model with %s', async (_, fields, said) => {
    const { datasetDir, config } = await spec('tic-tac-toe')
    const store = openRowStore(datasetDir)
    try {
      const reading = { modelConfig: { ...worlds['tic-tac-toe'], ...fields } } as unknown as Reading
      await expect(async () => trajectoryRows.prepare(store, [], reading, config, () => {})).rejects.toThrow(said)
    } finally {
      store.close()
    }
  })

  test('is cut into windows that count every step once in an evaluation, and that training draws', async () => {
    const { datasetDir, config } = await spec('cart-pole')
    const store = openRowStore(datasetDir)
    const reading = { modelConfig: worlds['cart-pole'] } as unknown as Reading
    const { train } = await trajectoryRows.prepare(store, [], reading, config, () => {})
    store.close()
    const rows: TrajectoryRows = train
    const steps = rows.starts.at(-1) as number
    const layout = { buckets: [8], batchSize: rows.lengths.length, padId: 0 }
    const everything = Int32Array.from(rows.lengths.keys())
    const tiled = decisionMaking.batch(rows, everything, layout, config, null)
    expect(tiled.weight).toBe(steps)
    // A return to go falls by each reward, 1 here, whatever is looked at.
    const toGo = tiled.feeds.returns_to_go as Float32Array
    expect((toGo[6] as number) - (toGo[7] as number)).toBeCloseTo(1 / rows.facts.scale, 5)
    const drawn = (seed: number, epoch: number) =>
      String(decisionMaking.batch(rows, everything, layout, config, { seed, epoch }).feeds.timesteps)
    expect(drawn(1, 0)).toBe(drawn(1, 0))
    expect(new Set([drawn(1, 0), drawn(1, 1), drawn(2, 0)]).size).toBe(3)
  })
})
