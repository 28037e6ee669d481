import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { saveCheckpoint } from '../../checkpoint/save.ts'
import { type Examples, epochOrder, lengthOrder } from '../../data/batches.ts'
import type { Precision, Session, TensorSpec } from '../../engine/engine.ts'
import { openEngine } from '../../engine/open.ts'
import type { Task, TaskBatch } from '../../tasks/task.ts'
import { systemClock } from '../../util/clock.ts'
import { beforehandProgram, blank } from '../beforehand.ts'
import { stepFeeds } from '../optimizer.ts'
import { accumulateProgram, evaluateProgram, trainProgram } from '../programs.ts'
import { clearHeld } from '../session-state.ts'
import { fillVariables } from '../weights.ts'
import { writeVariablesTo } from '../write-variables.ts'
import { inPrecision, type Setup, sessionOf } from './setup.ts'
import type { PartTimes } from './time.ts'

/** Timed calls of each program after the two that prepare it and find it memory; fewer where they take long. */
const calls = 4
const enoughMs = 4000
/** Of a checkpoint's tensors; the rest takes as long in proportion. */
const writtenBytes = 64 * 2 ** 20

export interface Measured {
  readonly times: PartTimes
  /** Of the process, before a checkpoint was written. */
  readonly peakBytes: number
  readonly precision: Precision
}

/**
 * The run's own programs on its own rows, a few calls each, at a learning rate of zero; and a checkpoint, or the first
 * part of one. `onCall` is told how many calls are done. `startedAt` is when the thread began, monotonic ms.
 */
export async function measureRun(
  setup: Setup,
  checkpointBytes: number,
  startedAt: number,
  onCall: (done: number, total: number) => void,
): Promise<Measured> {
  const { spec, model, trainable } = setup
  const { config, threads } = spec
  const engine = await openEngine(config.engine, threads)
  const precision = await engine.precision(config.precision)
  const session = await engine.open(sessionOf(inPrecision(setup, precision), setup.lengths))
  try {
    await fillVariables(session, model, trainable, config.seed, { log: () => {} })
    clearHeld(session, model, trainable, config)
    const openedAt = systemClock.monotonic()
    const programs = programsOf(setup)
    const programMs: Record<string, number> = {}
    let preparingMs = 0
    for (const [i, { name, feeds }] of programs.entries()) {
      onCall(i, programs.length)
      const first = timed(() => session.run(name, feeds))
      session.run(name, feeds)
      const ms = await repeated(() => session.run(name, feeds))
      programMs[name] = ms
      preparingMs += Math.max(0, first - ms)
    }
    // maxRSS is in kilobytes.
    const peakBytes = process.resourceUsage().maxRSS * 1024
    const savingSeconds = await savingTime(session, setup, checkpointBytes)
    onCall(programs.length, programs.length)
    const startingSeconds = (openedAt - startedAt + preparingMs) / 1000
    return { times: { programMs, startingSeconds, savingSeconds }, peakBytes, precision }
  } finally {
    session.close()
  }
}

interface Call {
  readonly name: string
  readonly feeds: Parameters<Session['run']>[1]
}

/** Every program with a batch of its length, the longest first: what is too large fails soon. */
function programsOf({ model, spec: { config }, sample, lengths, beforehand }: Setup): Call[] {
  const { data, padId } = sample
  const { per_device_train_batch_size: trainSize, per_device_eval_batch_size: evalSize } = config
  const layouts = {
    train: { buckets: lengths.train, batchSize: trainSize, padId },
    evaluate: { buckets: lengths.evaluate, batchSize: evalSize, padId },
  }
  const batches = (task: Task, train: Examples, validation: Examples) => ({
    train: batchesByLength(epochOrder(train, lengths.train, trainSize, config.seed, 0), lengths.train, (positions) =>
      task.batch(train, positions, layouts.train, config, { seed: config.seed, epoch: 0 }),
    ),
    evaluate: batchesByLength(lengthOrder(validation, evalSize), lengths.evaluate, (positions) =>
      task.batch(validation, positions, layouts.evaluate, config, null),
    ),
  })
  const { rng, ...scalars } = stepFeeds(config, 1, 0)
  const accumulates = config.gradient_accumulation_steps > 1
  const inSteps = ({ length, feeds: batch, weight }: TaskBatch): Call[] => {
    const feeds = { ...batch, rng, ...(accumulates && { total_weight: Float32Array.of(weight) }) }
    const last = { name: trainProgram(length), feeds: { ...feeds, ...scalars } }
    return accumulates ? [{ name: accumulateProgram(length), feeds }, last] : [last]
  }
  const inEvaluation = ({ length, feeds }: TaskBatch): Call => ({ name: evaluateProgram(length), feeds })
  const plain = batches(model.task, data.train, data.validation)
  const onTokens = [...plain.train.flatMap(inSteps), ...plain.evaluate.map(inEvaluation)]
  if (beforehand === null) return onTokens

  const before = [
    ...plain.train.map(({ length, feeds }) => ({ name: beforehandProgram('train', length), feeds })),
    ...plain.evaluate.map(({ length, feeds }) => ({ name: beforehandProgram('evaluate', length), feeds })),
  ]
  if (!beforehand.replacesTokens) return [...before, ...onTokens]
  const known = (rows: Examples) => ({ ...rows, known: blank(beforehand.widths, rows) })
  const onFeatures = batches(beforehand.task, known(data.train), known(data.validation))
  return [
    ...before,
    ...onFeatures.train.slice(0, 1).flatMap(inSteps),
    ...onFeatures.evaluate.slice(0, 1).map(inEvaluation),
  ]
}

/** The first batch of each length that there is one of. */
function batchesByLength(
  order: readonly Int32Array[],
  buckets: readonly number[],
  build: (positions: Int32Array) => TaskBatch,
): TaskBatch[] {
  const found = new Map<number, TaskBatch>()
  for (const positions of order) {
    if (found.size === buckets.length) break
    const batch = build(positions)
    if (!found.has(batch.length)) found.set(batch.length, batch)
  }
  return [...found.values()].sort((a, b) => b.length - a.length)
}

function timed(work: () => void): number {
  const begun = systemClock.monotonic()
  work()
  return systemClock.monotonic() - begun
}

/** The middle of a few calls, milliseconds. */
async function repeated(work: () => void): Promise<number> {
  const times: number[] = []
  let sum = 0
  while (times.length < calls && (sum < enoughMs || times.length < 2)) {
    const ms = timed(work)
    times.push(ms)
    sum += ms
    // So that progress gets out, and the process can be ended in between.
    await new Promise((resolve) => setImmediate(resolve))
  }
  times.sort((a, b) => a - b)
  const middle = times.length >> 1
  return times.length % 2 === 1
    ? (times[middle] as number)
    : ((times[middle] as number) + (times[middle - 1] as number)) / 2
}

/** Seconds for a checkpoint of so many bytes, by writing one of at most `writtenBytes` as a run does. */
async function savingTime(
  session: Session,
  { model, trainable, spec: { scratchDir } }: Setup,
  checkpointBytes: number,
): Promise<number> {
  const all: Record<string, TensorSpec> = { ...trainable.adapters, ...model.parameters }
  const chosen: Record<string, TensorSpec> = {}
  let bytes = 0
  for (const [name, spec] of Object.entries(all)) {
    if (bytes >= Math.min(writtenBytes, checkpointBytes)) break
    chosen[name] = spec
    bytes += 4 * spec.shape.reduce((product, size) => product * size, 1)
  }
  await mkdir(scratchDir, { recursive: true })
  const begun = systemClock.monotonic()
  await saveCheckpoint(join(scratchDir, 'checkpoint'), async (dir) => {
    await writeVariablesTo(join(dir, 'tensors.safetensors'), session, chosen)
  })
  const seconds = (systemClock.monotonic() - begun) / 1000
  return seconds * Math.max(1, checkpointBytes / bytes)
}
