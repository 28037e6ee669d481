import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isMainThread, parentPort } from 'node:worker_threads'
import { modelHash } from '../../core/checkpoint/content-hash.ts'
import { writeSafetensors } from '../../core/checkpoint/safetensors.ts'
import { saveCheckpoint } from '../../core/checkpoint/save.ts'
import { optimizerFile, writeTrainingState } from '../../core/checkpoint/training-state.ts'
import type { Preflight } from '../../core/contract/preflight.ts'
import { openRowStore } from '../../core/data/row-store.ts'
import { splitRows } from '../../core/data/split.ts'
import { readTokenizerIfAny } from '../../core/data/tokenizers/tokenizer.ts'
import { uniform } from '../../core/util/random.ts'
import {
  type FromWorker,
  type PreflightSpec,
  type RunEvent,
  stopValues,
  stopWord,
  type ToWorker,
  type TrainSpec,
} from '../../core/worker/protocol.ts'

/**
 * A run's thread without the mathematics: real messages, rows, splits and checkpoint folders, made-up numbers. The setting
 * `adam_epsilon`, which it has no other use for, says which play is given.
 */
export const plays = {
  ...{ train: 1e-8, untilStopped: 1e-7, crash: 1e-6, exit: 1e-5, exhaust: 1e-4, gap: 1e-3 },
  /** Forty steps with a checkpoint at each tenth, the former one removed; can be paused and resumed. */
  steady: 1e-2,
  /** As `train`, but from the third step on no two runs are alike. */
  drift: 3e-2,
  /** As `train`, with a checkpoint at each step, the best being that of the second. */
  many: 5e-2,
} as const

if (!isMainThread && parentPort) {
  const port = parentPort
  const post = (message: FromWorker) => port.postMessage(message)
  port.once('message', async ({ spec, control }: ToWorker) => {
    if (spec.kind === 'predict') {
      // "wait" is answered when it is asked to stop.
      if (spec.texts[0] === 'wait') {
        post({ type: 'events', seq: 0, events: [{ kind: 'phase', at: 0, phase: 'predicting', done: 1, total: 4 }] })
        while (Atomics.load(new Int32Array(control), stopWord) === 0) await setTimeout(1)
      }
      const scores = spec.labels.map((_, i) => (i === 0 ? 0.75 : 0.25 / (spec.labels.length - 1)))
      post({ type: 'predictions', predictions: spec.texts.map(() => ({ label: spec.labels[0] ?? '', scores })) })
      post({ type: 'done' })
    } else if (spec.kind === 'generate') {
      const words = new Int32Array(control)
      for (const [row, prompt] of spec.prompts.entries()) {
        let tokens = 0
        while (tokens < spec.options.max_new_tokens && Atomics.load(words, stopWord) === 0) {
          post({ type: 'text', row, text: ` ${prompt}` })
          tokens++
          await setTimeout(1)
        }
        const reason = tokens === spec.options.max_new_tokens ? 'max_new_tokens' : 'cancelled'
        post({ type: 'text-end', row, reason, tokens })
      }
      post({ type: 'done' })
    } else if (spec.kind === 'preflight') {
      const at = Date.now()
      post({ type: 'events', seq: 0, events: [{ kind: 'phase', at, phase: 'tokenizing', done: 1, total: 2 }] })
      const words = new Int32Array(control)
      const waits = spec.config.adam_epsilon === plays.untilStopped
      while (waits && Atomics.load(words, stopWord) === stopValues.none) await setTimeout(5)
      post({ type: 'preflight', preflight: foreseen(spec) })
      post({ type: 'done' })
    } else if (spec.kind === 'create' || spec.kind === 'pace') {
      post({
        type: 'failed',
        error: { code: 'unsupported', message: 'This worker makes no models and takes no time.' },
      })
    } else {
      await play(spec, new Int32Array(control), post)
    }
    port.close()
  })
}

/** A forecast of 100 MB a row of a batch, of which there are 50 GB. With the play `untilStopped` it does not come. */
function foreseen({ config, measure }: PreflightSpec): Preflight {
  const rows = config.per_device_train_batch_size
  const fits = rows <= 500
  const reason = fits ? 'It fits.' : 'It does not fit.'
  return {
    verdict: fits ? 'fits' : 'does not fit',
    reason,
    sentence: fits ? reason : `${reason} It would with per_device_train_batch_size 256 (26 GB).`,
    memory: {
      ...{ peakBytes: rows * 1e8, neededBytes: rows * 1e8, availableBytes: 5e10 },
      parts: [{ name: 'activations', bytes: rows * 1e8 }],
      source: measure ? 'steps' : 'graph',
    },
    time: {
      ...{ seconds: 12, startingSeconds: 1, trainingSeconds: 8, evaluatingSeconds: 2, savingSeconds: 1 },
      ...{ stepMs: measure ? 500 : 1000, tokensPerSecond: measure ? 640 : 320, counted: 'tokens', note: null },
      source: measure ? 'steps' : 'graph',
    },
    disk: { checkpointBytes: 1e6, neededBytes: 4e6, freeBytes: 1e9 },
    plan: {
      ...{ trainRows: 160, evalRows: 40, stepsPerEpoch: 4, totalSteps: 8, parameters: 1000, trainableParameters: 1000 },
      ...{ lengthBuckets: [32], truncatedShare: 0, whole: true },
    },
    engine: 'graph',
    precision: 'fp32',
    alternatives: fits
      ? []
      : [{ settings: { per_device_train_batch_size: 256 }, peakBytes: 2.56e10, neededBytes: 2.56e10 }],
  }
}

async function play(spec: TrainSpec, control: Int32Array, post: (message: FromWorker) => void): Promise<void> {
  let seq = 0
  const tell = (...events: RunEvent[]) => post({ type: 'events', seq: seq++, events })
  const { config, labels } = spec
  const is = (name: keyof typeof plays) => config.adam_epsilon === plays[name]

  const store = openRowStore(spec.datasetDir)
  const gold = Array.from({ length: store.count }, (_, row) => labels.indexOf(store.read(row).label))
  store.close()
  const { train, validation } = splitRows(gold, config.validation_split, config.split_seed)
  tell(
    { kind: 'engine', engine: { kind: 'eager', backend: 'script', version: '1', threads: 1 } },
    { kind: 'phase', at: Date.now(), phase: 'training' },
    {
      kind: 'plan',
      plan: {
        ...{
          totalSteps: 4,
          stepsPerEpoch: 4,
          trainRows: train.length,
          evalRows: validation.length,
          labels: [...labels],
        },
        ...{ parameters: 1000, trainableParameters: config.method === 'full' ? 1000 : 10, lengthBuckets: [32] },
        truncatedShare: 0,
      },
    },
  )
  if (is('crash')) throw new Error('The script fell over.')
  if (is('exit')) process.exit(3)
  if (is('exhaust')) {
    // In small pieces: a thread is ended in good order only between two of them.
    let hoard: unknown = null
    for (;;) hoard = { hoard }
  }
  if (is('gap')) seq++

  if (is('steady')) return steady(spec, control, tell, post)

  let step = 0
  const drift = is('drift') ? Number.parseInt(createHash('sha256').update(spec.run).digest('hex').slice(0, 8), 16) : 0
  const oneStep = () => {
    step++
    tell({
      ...{ kind: 'metrics', step, epoch: step / 4, examples: step * 16, tokens: step * 100, elapsedMs: step * 10 },
      values: { 'train/loss': 1 / step + (step >= 3 ? drift : 0), ...(is('many') && { 'perf/memory': Math.random() }) },
    })
  }
  const save = async (best: boolean) => {
    const path = join(spec.runDir, `checkpoint-${step}`)
    const metrics = { 'eval/loss': best ? 0.5 : 0.7 }
    const state = {
      global_step: step,
      epoch: step / 4,
      ...(best && { best_global_step: step }),
      log_history: [{ step, ...metrics }],
    }
    const { bytes } = await saveCheckpoint(path, async (dir) => {
      await writeContent(dir, spec, step, [config.seed, drift])
      await writeFile(join(dir, 'trainer_state.json'), JSON.stringify(state))
    })
    tell({ kind: 'checkpoint', at: Date.now(), step, epoch: step / 4, path, bytes, best, last: true, metrics })
  }
  if (is('untilStopped')) {
    while (Atomics.load(control, stopWord) === 0) {
      oneStep()
      await setTimeout(5)
    }
  } else {
    while (step < 4) {
      oneStep()
      if (is('many') && step < 4) await save(step <= 2)
    }
  }
  const outcome = is('untilStopped') ? 'stopped' : 'finished'
  if (Atomics.load(control, stopWord) !== 2) {
    await save(!is('many'))
    tell(predictionsOf(config.seed, validation, gold, labels.length))
  }
  tell({
    kind: 'result',
    outcome,
    timings: {
      ...{ steps: step, seconds: 1, totalSeconds: 1, examplesPerSecond: 64, tokensPerSecond: 400, medianStepMs: 10 },
      ...{ timeToFirstStepMs: 20, peakMemoryBytes: 1e8 },
    },
  })
  post({ type: 'done' })
}

/** What a checkpoint holds, small: the given numbers as weights, twice as many as the optimizer's, the hashes of its sources. */
async function writeContent(dir: string, spec: TrainSpec, step: number, numbers: readonly number[]): Promise<void> {
  const data = Float32Array.from(numbers)
  await writeSafetensors(join(dir, 'model.safetensors'), [{ name: 'w', shape: [data.length], data }])
  const moments = ['adam_m/w', 'adam_v/w'].map((name) => ({ name, shape: [data.length], data }))
  await writeSafetensors(join(dir, optimizerFile), moments)
  const rows = openRowStore(spec.datasetDir)
  rows.close()
  const none = createHash('sha256').digest('hex')
  await writeTrainingState(dir, {
    version: 1,
    position: { epoch: 0, step, microStep: 0 },
    begun: null,
    metrics: {},
    counters: { examples: step, tokens: step, elapsedMs: step },
    optimizerSteps: 0,
    window: { losses: [], gradNorm: 0, learningRate: 0 },
    best: null,
    earlyStopping: { withoutImprovement: 0 },
    config: spec.config,
    hashes: {
      model: await modelHash(spec.modelDir),
      tokenizer: (await readTokenizerIfAny(spec.modelDir))?.hash ?? none,
      dataset: rows.info.contentHash,
      labels: none,
      rows: none,
    },
    layout: { trainBuckets: [], evaluateBuckets: [], stepsPerEpoch: 1, totalSteps: 1 },
    engine: { kind: 'eager', backend: 'script', version: '1', threads: 1, precision: 'fp32' },
  })
}

async function steady(
  spec: TrainSpec,
  control: Int32Array,
  tell: (...events: RunEvent[]) => void,
  post: (message: FromWorker) => void,
): Promise<void> {
  const { runDir, resumeFrom } = spec
  const pathOf = (step: number) => join(runDir, `checkpoint-${step}`)
  const begun = resumeFrom ? JSON.parse(await readFile(join(resumeFrom, 'trainer_state.json'), 'utf8')).global_step : 0
  let kept: number | null = begun || null
  const save = async (step: number) => {
    const epoch = step / 40
    const state = { global_step: step, epoch, best_global_step: step, log_history: [] }
    const { bytes } = await saveCheckpoint(pathOf(step), async (dir) => {
      await writeContent(dir, spec, step, [step])
      await writeFile(join(dir, 'trainer_state.json'), JSON.stringify(state))
    })
    const is = { best: true, last: true, metrics: {} }
    tell({ kind: 'checkpoint', at: Date.now(), step, epoch, path: pathOf(step), bytes, ...is })
    if (kept !== null && kept !== step) {
      await rm(pathOf(kept), { recursive: true })
      tell({ kind: 'pruned', path: pathOf(kept) })
    }
    kept = step
  }
  let step = begun
  while (step < 40 && Atomics.load(control, stopWord) === stopValues.none) {
    step++
    const at = { step, epoch: step / 40, examples: step * 16, tokens: step * 100, elapsedMs: step * 10 }
    // The loss falls and rises again, so that the best is lost when its steps are; the memory tells the attempts apart.
    tell({ kind: 'metrics', ...at, values: { 'train/loss': 1 + Math.abs(step - 15), 'perf/memory': begun } })
    if (step % 10 === 0) await save(step)
    await setTimeout(4)
  }
  const asked = Atomics.load(control, stopWord)
  if (asked === stopValues.discard) {
    return post({ type: 'failed', error: { code: 'stopped', message: 'The run was stopped on request.' } })
  }
  const outcome = asked === stopValues.none ? 'finished' : asked === stopValues.pause ? 'paused' : 'stopped'
  if (outcome !== 'finished' && step % 10 !== 0) await save(step)
  const speed = { examplesPerSecond: 64, tokensPerSecond: 400, medianStepMs: 10, timeToFirstStepMs: 20 }
  tell({
    kind: 'result',
    outcome,
    timings: { steps: step, seconds: step, totalSeconds: step, ...speed, peakMemoryBytes: 1 },
  })
  post({ type: 'done' })
}

/** Right on the share seed/10 of the rows, the same rows for the same seed. */
function predictionsOf(seed: number, rows: Int32Array, gold: readonly number[], classes: number): RunEvent {
  const truth = Array.from(rows, (row) => gold[row] as number)
  const predicted = truth.map((label, i) => (uniform(7, rows[i] as number) < seed / 10 ? label : (label + 1) % classes))
  const scores = predicted.flatMap((label) => Array.from({ length: classes }, (_, k) => (k === label ? 0.5 : 0.25)))
  return { kind: 'predictions', rows: [...rows], predicted, gold: truth, loss: truth.map(() => 0.5), scores }
}
