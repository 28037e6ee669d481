import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyCheckpoint } from '../../../core/checkpoint/save.ts'
import { seriesInfos } from '../../../core/contract/domain.ts'
import type { Method } from '../../../core/contract/settings.ts'
import { writeRowStore } from '../../../core/data/row-store.ts'
import { predict } from '../../../core/train/predict.ts'
import { askedOf, corpus, ofKind, seriesOf, tinySpec, trainTiny } from './fixture.ts'

describe('a run on ten lines', () => {
  test.each(['full', 'lora'] as const)('learns them: %s', async (method) => {
    const { events, thrown } = await trainTiny(
      await tinySpec({ method, ...(method === 'lora' && { learning_rate: 0.03 }) }),
    )
    expect(thrown).toBeNull()
    const losses = seriesOf(events, 'train/loss')
    const mean = (part: typeof losses) => part.reduce((sum, { value }) => sum + value, 0) / part.length
    expect(mean(losses.slice(-4))).toBeLessThan(mean(losses.slice(0, 4)) * 0.5)
    expect(ofKind(events, 'result')[0]?.outcome).toBe('finished')
  })

  test('changes the head alone when asked to', async () => {
    const spec = await tinySpec({ method: 'head', learning_rate: 0.1 })
    const { events } = await trainTiny(spec)
    expect(ofKind(events, 'plan')[0]?.plan.trainableParameters).toBe(2 * 32 + 2)
    const losses = seriesOf(events, 'train/loss')
    expect(losses.at(-1)?.value).toBeLessThan(losses[0]?.value as number)
  })

  test('is the same again with the same seed, dropout included', async () => {
    const losses = async () => {
      const { events } = await trainTiny(await tinySpec({ dropout: 0.1, num_train_epochs: 3 }))
      return seriesOf(events, 'train/loss')
    }
    expect(await losses()).toEqual(await losses())
  })

  test('is another one with another seed', async () => {
    const first = async (seed: number) => {
      const { events } = await trainTiny(await tinySpec({ seed, num_train_epochs: 1 }))
      return seriesOf(events, 'train/loss')
    }
    expect(await first(1)).not.toEqual(await first(2))
  })

  test('tells its story in order', async () => {
    const { events } = await trainTiny(await tinySpec({ num_train_epochs: 2 }))
    const phases = ofKind(events, 'phase').map(({ phase }) => phase)
    expect(phases.filter((phase, i) => phase !== phases[i - 1])).toEqual([
      ...['starting', 'loading', 'tokenizing', 'compiling', 'training', 'evaluating', 'saving'],
      ...['training', 'evaluating', 'saving'],
    ])
    const plan = ofKind(events, 'plan')[0]?.plan
    expect(plan).toMatchObject({ totalSteps: 4, stepsPerEpoch: 2, trainRows: 8, evalRows: 2, labels: ['ham', 'spam'] })
    expect(plan?.trainableParameters).toBe(plan?.parameters)
    const known = new Set(seriesInfos.map(({ name }) => name))
    for (const { values } of ofKind(events, 'metrics'))
      for (const name of Object.keys(values)) expect(known).toContain(name)
    expect(seriesOf(events, 'train/loss').map(({ step }) => step)).toEqual([1, 2, 3, 4])
    expect(seriesOf(events, 'eval/loss').map(({ step }) => step)).toEqual([2, 4])
    expect(seriesOf(events, 'train/learning_rate').map(({ value }) => value)).toEqual([0, 3e-3, 2e-3, 1e-3])
    expect(events.at(-1)?.kind).toBe('result')
    expect(ofKind(events, 'result')[0]?.timings).toMatchObject({ steps: 4 })
  })

  test('logs means over logging_steps, and the rest at the end', async () => {
    const each = await trainTiny(await tinySpec({ max_steps: 5, logging_steps: 1 }))
    const grouped = await trainTiny(await tinySpec({ max_steps: 5, logging_steps: 2 }))
    const losses = seriesOf(each.events, 'train/loss').map(({ value }) => value)
    const [a, b, c] = seriesOf(grouped.events, 'train/loss')
    expect([a?.step, b?.step, c?.step]).toEqual([2, 4, 5])
    expect(a?.value).toBeCloseTo(((losses[0] as number) + (losses[1] as number)) / 2, 10)
    expect(c?.value).toBeCloseTo(losses[4] as number, 10)
  })
})

describe('checkpoints', () => {
  test('are two at most, the best and the last, both whole', async () => {
    const spec = await tinySpec({ num_train_epochs: 6, eval_steps: 1, learning_rate: 0.02 })
    const { events } = await trainTiny(spec)
    const written = ofKind(events, 'checkpoint')
    expect(written.length).toBe(12)
    const best = written.findLast((checkpoint) => checkpoint.best)
    const folders = (await readdir(spec.runDir)).sort()
    expect(folders).toEqual([...new Set([`checkpoint-${best?.step}`, 'checkpoint-12'])].sort())
    for (const folder of folders) await verifyCheckpoint(join(spec.runDir, folder))
    const losses = seriesOf(events, 'eval/loss')
    const lowest = losses.reduce((a, b) => (b.value < a.value ? b : a))
    expect(best?.step).toBe(lowest.step)
    const state = JSON.parse(await readFile(join(spec.runDir, 'checkpoint-12', 'trainer_state.json'), 'utf8'))
    expect(state).toMatchObject({ global_step: 12, epoch: 6, best_global_step: best?.step, best_metric: lowest.value })
  })

  test.each<Method>(['full', 'lora', 'head'])('predict what the run itself predicted: %s', async (method) => {
    const spec = await tinySpec({ method, num_train_epochs: 3, learning_rate: 0.01 })
    const { events } = await trainTiny(spec)
    const told = ofKind(events, 'predictions').at(-1)
    const best = ofKind(events, 'checkpoint').findLast((checkpoint) => checkpoint.best)
    const texts = told?.rows.map((row) => corpus[row]?.text as string) ?? []
    const { labels } = spec
    const again = await predict({ ...askedOf(spec, best?.path as string), texts })
    expect(texts).toHaveLength(2)
    expect(again.map(({ label }) => labels.indexOf(label ?? ''))).toEqual(told?.predicted)
    again.forEach(({ scores }, i) => {
      scores.forEach((score, label) => {
        expect(score).toBeCloseTo(told?.scores[2 * i + label] as number, 5)
      })
    })
    told?.gold.forEach((gold, i) => {
      expect(told.loss[i]).toBeCloseTo(-Math.log(told.scores[2 * i + gold] as number), 4)
    })
  })
})

describe('a stop', () => {
  test('that keeps the weights ends after the present step, judged and predicted', async () => {
    const spec = await tinySpec({ num_train_epochs: 50 })
    const { events, thrown } = await trainTiny(spec, (sofar) => (seriesOf(sofar, 'train/loss').length >= 3 ? 1 : 0))
    expect(thrown).toBeNull()
    expect(seriesOf(events, 'train/loss').map(({ step }) => step)).toEqual([1, 2, 3])
    expect(seriesOf(events, 'eval/loss').at(-1)?.step).toBe(3)
    expect(ofKind(events, 'checkpoint').at(-1)).toMatchObject({ step: 3, last: true })
    await verifyCheckpoint(join(spec.runDir, 'checkpoint-3'))
    const best = ofKind(events, 'checkpoint').filter((checkpoint) => checkpoint.best)
    expect(ofKind(events, 'predictions')).toHaveLength(best.length)
    expect(ofKind(events, 'result')[0]).toMatchObject({ outcome: 'stopped', timings: { steps: 3 } })
  })

  test('at once writes nothing more', async () => {
    const spec = await tinySpec({ num_train_epochs: 50, eval_steps: 100 })
    const { events, thrown } = await trainTiny(spec, (sofar) => (seriesOf(sofar, 'train/loss').length >= 3 ? 2 : 0))
    expect(thrown).toBeNull()
    expect(ofKind(events, 'checkpoint')).toEqual([])
    expect(ofKind(events, 'result')[0]?.outcome).toBe('stopped')
  })

  test('before the first step leaves nothing behind', async () => {
    const { events, thrown } = await trainTiny(await tinySpec(), () => 1)
    expect(thrown).toBeNull()
    expect(ofKind(events, 'metrics')).toEqual([])
    expect(ofKind(events, 'result')[0]).toMatchObject({ outcome: 'stopped', timings: { steps: 0 } })
  })
})

describe('what cannot be trained is named', () => {
  const failure = async (change: Parameters<typeof tinySpec>[0], break_?: (dir: string) => Promise<void>) => {
    const spec = await tinySpec(change)
    if (break_) await break_(join(spec.modelDir, '..'))
    return (await trainTiny(spec)).thrown
  }

  test('a rate that is far too large', async () => {
    // Each step multiplies the weights by 1 − 10: layer norms bear that for long, float32 does not.
    const spec = await tinySpec({
      learning_rate: 10,
      weight_decay: 1,
      warmup_ratio: 0,
      max_steps: 300,
      eval_steps: 300,
    })
    const { events, thrown } = await trainTiny(spec)
    expect(thrown).toMatchObject({ code: 'diverged', message: expect.stringMatching(/step \d+ \(learning rate/) })
    for (const { values } of ofKind(events, 'metrics'))
      for (const value of Object.values(values)) expect(value).toSatisfy(Number.isFinite)
  })

  test('and what the best checkpoint before it predicted is kept', async () => {
    const spec = await tinySpec({ learning_rate: 10, weight_decay: 1, warmup_ratio: 0, max_steps: 300, eval_steps: 4 })
    const { events, thrown } = await trainTiny(spec)
    expect(thrown).toMatchObject({ code: 'diverged' })
    const kinds = events.map(({ kind }) => kind)
    const best = events.findLastIndex((event) => event.kind === 'checkpoint' && event.best)
    expect(kinds.lastIndexOf('predictions')).toBe(best - 1)
    expect(ofKind(events, 'predictions').at(-1)?.rows).toHaveLength(2)
  })

  test('a length beyond the model’s positions', async () => {
    expect(await failure({ max_length: 128 })).toMatchObject({
      code: 'bad_config',
      message: expect.stringContaining('64 positions'),
    })
  })

  test('target modules that are not there', async () => {
    expect(await failure({ method: 'lora', target_modules: ['q_proj'] })).toMatchObject({ code: 'bad_config' })
  })

  test('a dataset of one class', async () => {
    const spec = { ...(await tinySpec()), labels: ['ham'] }
    expect((await trainTiny(spec)).thrown).toMatchObject({ code: 'bad_data' })
  })

  test('a label that the run does not know', async () => {
    const thrown = await failure({}, async (dir) => {
      const rows = async function* () {
        yield { line: 7, text: 'a', label: 'eggs' }
      }
      await writeRowStore(join(dir, 'dataset'), rows())
    })
    expect(thrown).toMatchObject({ code: 'bad_data', message: expect.stringContaining('line 7') })
  })

  test('weights that do not fit config.json', async () => {
    const thrown = await failure({}, async (dir) => {
      const path = join(dir, 'model', 'config.json')
      const config = JSON.parse(await readFile(path, 'utf8'))
      await writeFile(path, JSON.stringify({ ...config, intermediate_size: 48 }))
    })
    expect(thrown).toMatchObject({ code: 'bad_file', message: expect.stringContaining('intermediate.dense') })
  })

  test('weights that lack a layer', async () => {
    const thrown = await failure({}, async (dir) => {
      const path = join(dir, 'model', 'config.json')
      const config = JSON.parse(await readFile(path, 'utf8'))
      await writeFile(path, JSON.stringify({ ...config, num_hidden_layers: 3 }))
    })
    expect(thrown).toMatchObject({ code: 'bad_file', message: expect.stringContaining('encoder.layer.2') })
  })
})
