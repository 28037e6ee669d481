import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { openSafetensors } from '../../../core/checkpoint/safetensors.ts'
import { verifyCheckpoint } from '../../../core/checkpoint/save.ts'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import type { Tensors } from '../../../core/engine/engine.ts'
import { smoothedCrossEntropy } from '../../../core/nn/losses.ts'
import { CheckpointKeeper } from '../../../core/train/checkpoints.ts'
import { EarlyStopping } from '../../../core/train/early-stopping.ts'
import { checkFreeSpace } from '../../../core/train/free-space.ts'
import type { RunEvent, TrainSpec } from '../../../core/worker/protocol.ts'
import { largestDifference, runOnBoth, selectEagerBackend } from '../../support/engines.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'
import { ofKind, seriesOf, tinyModel, tinySpec, trainTiny } from './fixture.ts'

/** The weights that a run ended with. */
function finalWeights(events: readonly RunEvent[], file = 'model.safetensors'): Record<string, Float32Array> {
  const opened = openSafetensors(join(ofKind(events, 'checkpoint').at(-1)?.path as string, file))
  try {
    return Object.fromEntries([...opened.tensors.keys()].map((name) => [name, opened.read(name)]))
  } finally {
    opened.close()
  }
}

async function finished(settings: Partial<RunConfigInput>): Promise<{ spec: TrainSpec; events: readonly RunEvent[] }> {
  const spec = await tinySpec(settings)
  const { events, thrown } = await trainTiny(spec)
  expect(thrown).toBeNull()
  return { spec, events }
}

describe('gradient accumulation', () => {
  // The eight training rows are one step in either case; sgd, because AdamW's first steps blow rounding up.
  test.each(['graph', 'eager'] as const)('four batches of two are one of eight: %s', async (engine) => {
    const shared = { optim: 'sgd', engine, learning_rate: 0.05, num_train_epochs: 4 } as const
    const one = await finished({ ...shared, per_device_train_batch_size: 8 })
    const four = await finished({ ...shared, per_device_train_batch_size: 2, gradient_accumulation_steps: 4 })
    expect(ofKind(four.events, 'plan')[0]?.plan).toMatchObject({ stepsPerEpoch: 1, totalSteps: 4 })
    for (const series of ['train/loss', 'train/grad_norm', 'eval/loss']) {
      const [a, b] = [one, four].map(({ events }) => seriesOf(events, series).map(({ value }) => value))
      expect(a).toHaveLength(4)
      expect(largestDifference(a ?? [], b ?? [])).toBeLessThan(1e-5)
    }
    const [a, b] = [finalWeights(one.events), finalWeights(four.events)]
    for (const [name, values] of Object.entries(a)) expect(largestDifference(values, b[name] ?? [])).toBeLessThan(1e-5)
  })

  test('weighs a short batch by its rows', async () => {
    const shared = { optim: 'sgd', learning_rate: 0.05, num_train_epochs: 2 } as const
    const one = await finished({ ...shared, per_device_train_batch_size: 8 })
    // Three, three and two rows: a last group of fewer batches than asked for.
    const three = await finished({ ...shared, per_device_train_batch_size: 3, gradient_accumulation_steps: 4 })
    const [a, b] = [one, three].map(({ events }) => seriesOf(events, 'train/loss').map(({ value }) => value))
    expect(a).toHaveLength(2)
    expect(largestDifference(a ?? [], b ?? [])).toBeLessThan(1e-5)
  })
})

describe('label smoothing', () => {
  // torch.nn.functional.cross_entropy([[2, -1, 0.5]], [1], label_smoothing=e) by hand: log-sum-exp is 2.2413…
  const z = [2, -1, 0.5]
  const lse = Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0))
  const mean = z.reduce((sum, value) => sum + value, 0) / 3

  test.each([0, 0.1, 0.5])('is torch’s, with its gradient: %s', async (smoothing) => {
    const spec = (shape: number[], dtype: 'float32' | 'int32') => ({ shape, dtype })
    const program = {
      feeds: { z: spec([1, 3], 'float32'), labels: spec([1], 'int32') },
      run(feeds: Tensors) {
        const loss = (logits: tf.Tensor) => tf.sum(smoothedCrossEntropy(logits, feeds.labels as tf.Tensor, smoothing))
        const { value, grad } = tf.valueAndGrad(loss as (x: tf.Tensor) => tf.Scalar)(feeds.z as tf.Tensor)
        return { fetches: { loss: value, grad } }
      },
    }
    await selectEagerBackend()
    const both = await runOnBoth(program, {
      z: Float32Array.from(z),
      labels: Int32Array.of(1),
    })
    const gradient = z.map((value, i) => Math.exp(value - lse) - (i === 1 ? 1 - smoothing : 0) - smoothing / 3)
    for (const { loss, grad } of Object.values(both)) {
      expect(loss?.[0]).toBeCloseTo((1 - smoothing) * (lse + 1) + smoothing * (lse - mean), 5)
      expect(largestDifference(grad ?? [], gradient)).toBeLessThan(1e-6)
    }
  })

  test('changes the training loss and not how the first evaluation is counted', async () => {
    const at = async (label_smoothing_factor: number) =>
      (await finished({ label_smoothing_factor, max_steps: 1, warmup_ratio: 1 })).events
    const [plain, smoothed] = [await at(0), await at(0.3)]
    const [first, second] = [plain, smoothed].map((events) => seriesOf(events, 'train/loss')[0]?.value)
    expect(first).not.toBe(second)
    // The first step of a warm-up has the rate 0: the weights are those of the beginning.
    expect(seriesOf(smoothed, 'eval/loss')).toEqual(seriesOf(plain, 'eval/loss'))
  })
})

describe('frozen layers', () => {
  test('keep their weights, and the embeddings theirs', async () => {
    const { events } = await finished({ num_frozen_layers: 1, num_train_epochs: 1 })
    const after = finalWeights(events)
    const base = openSafetensors(join(tinyModel, 'model.safetensors'))
    try {
      for (const name of base.tensors.keys()) {
        const ours = after[name] ?? after[`bert.${name}`]
        if (ours === undefined) continue
        const frozen = name.includes('embeddings.') || name.includes('encoder.layer.0.')
        expect({ name, same: largestDifference(ours, base.read(name)) === 0 }).toEqual({ name, same: frozen })
      }
    } finally {
      base.close()
    }
  })

  test('have no adapters', async () => {
    const { events } = await finished({ method: 'lora', num_frozen_layers: 1, num_train_epochs: 1 })
    const names = Object.keys(finalWeights(events, 'adapter_model.safetensors'))
    expect(names.filter((name) => name.includes('.layer.1.'))).toHaveLength(4)
    expect(names.filter((name) => name.includes('.layer.0.'))).toEqual([])
  })

  test('are no more than there are', async () => {
    const { thrown } = await trainTiny(await tinySpec({ num_frozen_layers: 3 }))
    expect((await errorOf('bad_config', () => Promise.reject(thrown))).message).toContain('only 2 layers')
    const all = await trainTiny(await tinySpec({ method: 'lora', num_frozen_layers: 2 }))
    expect(all.thrown).toMatchObject({ code: 'bad_config' })
  })
})

test('SGD follows torch.optim.SGD(momentum=0.9, weight_decay) by its own formula', async () => {
  const at = async (max_steps: number, weight_decay: number) =>
    (
      await finished({
        optim: 'sgd',
        learning_rate: 0.1,
        weight_decay,
        max_steps,
        warmup_ratio: 0,
        lr_scheduler_type: 'constant',
        max_grad_norm: 0,
        method: 'head',
        max_train_samples: 4,
      })
    ).events
  // One step: w1 = w0 − lr·(g + decay·w0), so the difference that decay makes is lr·decay·w0, and biases have none.
  const [plain, decayed] = [finalWeights(await at(1, 0)), finalWeights(await at(1, 0.5))]
  const momentum = finalWeights(await at(1, 0), 'optimizer.safetensors')
  const weight = plain['classifier.weight'] as Float32Array
  const start = weight.map((value, i) => value + 0.1 * (momentum['momentum/classifier.weight']?.[i] as number))
  const expected = weight.map((value, i) => value - 0.1 * 0.5 * (start[i] as number))
  expect(largestDifference(decayed['classifier.weight'] ?? [], expected)).toBeLessThan(1e-6)
  expect(decayed['classifier.bias']).toEqual(plain['classifier.bias'])
  // Two steps: w2 = w1 − lr·b2, where b2 is what was saved.
  const twice = await at(2, 0)
  const b2 = finalWeights(twice, 'optimizer.safetensors')['momentum/classifier.weight'] as Float32Array
  const second = finalWeights(twice)['classifier.weight'] as Float32Array
  expect(
    largestDifference(
      second,
      weight.map((value, i) => value - 0.1 * (b2[i] as number)),
    ),
  ).toBeLessThan(1e-6)
})

describe('checkpoints', () => {
  test('C07: the newest few and the best are kept; what goes is told', async () => {
    const { spec, events } = await finished({ num_train_epochs: 6, eval_steps: 3, save_steps: 1, save_total_limit: 2 })
    const best = ofKind(events, 'checkpoint').findLast((checkpoint) => checkpoint.best)?.step
    const left = new Set([`checkpoint-${best}`, 'checkpoint-11', 'checkpoint-12'])
    expect(new Set(await readdir(spec.runDir))).toEqual(left)
    for (const name of left) await verifyCheckpoint(join(spec.runDir, name))
    const written = new Set(ofKind(events, 'checkpoint').map(({ path }) => path))
    for (const { path } of ofKind(events, 'pruned')) expect(written.delete(path)).toBe(true)
    expect(written).toEqual(new Set([...left].map((name) => join(spec.runDir, name))))
  })

  test('keep within their budget: the oldest go, the best and the newest never', async () => {
    const dir = await temporaryFolder()
    const { config } = await tinySpec({ save_total_limit: 100, save_total_megabytes: 1 })
    const expectedBytes = 400_000
    const content = { expectedBytes, write: (to: string) => writeFile(join(to, 'w'), Buffer.alloc(expectedBytes)) }
    const keeper = new CheckpointKeeper(dir, content, config)
    const left: string[][] = []
    for (let step = 1; step <= 5; step++) {
      await keeper.save({ step, epoch: step, metrics: { 'eval/loss': step } }, step === 2, null)
      await keeper.prune()
      left.push((await readdir(dir)).map((name) => name.replace('checkpoint-', '')).sort())
    }
    expect(left).toEqual([['1'], ['1', '2'], ['2', '3'], ['2', '4'], ['2', '5']])

    const narrow = new CheckpointKeeper(dir, { ...content, expectedBytes: 1 }, { ...config, save_total_megabytes: 1 })
    narrow.adopt(
      [2, 5].map((step) => ({ step, epoch: step, metrics: {} })),
      { step: 2, epoch: 2, metrics: {} },
    )
    await writeFile(join(dir, 'checkpoint-2', 'more'), Buffer.alloc(2e6))
    expect(await narrow.prune()).toEqual([])
  })

  test('C10: a run that diverges keeps its last good one, and says which', async () => {
    const spec = await tinySpec({
      learning_rate: 10,
      weight_decay: 1,
      warmup_ratio: 0,
      max_steps: 300,
      eval_steps: 300,
      save_steps: 1,
      save_total_limit: 3,
    })
    const { thrown, events } = await trainTiny(spec)
    const error = await errorOf('diverged', () => Promise.reject(thrown))
    const at = Number(error.details?.step)
    const good = error.message.startsWith('The loss') ? at - 2 : at - 1
    expect(error.message).toContain(`checkpoint-${good}, is kept`)
    await verifyCheckpoint(join(spec.runDir, `checkpoint-${good}`))
    expect(ofKind(events, 'lastGood')).toEqual([{ kind: 'lastGood', step: good }])
  })

  test('are refused before anything is written when the disk has no room', async () => {
    const dir = await temporaryFolder()
    await checkFreeSpace(dir, 1)
    const error = await errorOf('disk_full', () => checkFreeSpace(dir, 2 ** 60))
    expect(error.message).toMatch(/has \d+ MiB free, but a checkpoint needs 2199023255616 MiB/)
    expect(Number(error.details?.needed)).toBe(2 ** 61 + 2 ** 26)
  })
})

describe('early stopping', () => {
  test('ends the run after so many evaluations without improvement, in a sentence', async () => {
    // Nothing is an improvement of ten nats.
    const { spec, events } = await finished({
      early_stopping_patience: 2,
      early_stopping_threshold: 10,
      num_train_epochs: 10,
    })
    expect(seriesOf(events, 'eval/loss').map(({ step }) => step)).toEqual([2, 4, 6])
    expect(seriesOf(events, 'train/loss')).toHaveLength(6)
    const text = ofKind(events, 'log')
      .map((line) => line.text)
      .join('\n')
    expect(text).toMatch(/Ended early at step 6: eval\/loss has not improved in 2 evaluations/)
    expect(ofKind(events, 'result')[0]?.outcome).toBe('finished')
    expect(ofKind(events, 'predictions').length).toBeGreaterThan(0)
    const state = JSON.parse(await readFile(join(spec.runDir, 'checkpoint-6', 'training_state.json'), 'utf8'))
    expect(state.earlyStopping).toEqual({ withoutImprovement: 2 })
  })

  test('knows which way a metric improves', () => {
    const due = (metric: 'eval/loss' | 'eval/accuracy', values: number[]) => {
      const stopping = new EarlyStopping({
        metric_for_best_model: metric,
        early_stopping_patience: 2,
        early_stopping_threshold: 0.05,
      })
      return values.map((value, i) => {
        stopping.count(value, i === 0 ? null : (values[0] as number))
        return stopping.isDue
      })
    }
    expect(due('eval/loss', [1, 1.1, 0.9, 0.97, 1])).toEqual([false, false, false, false, true])
    expect(due('eval/accuracy', [0.5, 0.52, 0.6, 0.5, 0.4])).toEqual([false, false, false, false, true])
  })
})
