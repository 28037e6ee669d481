import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { saveCheckpoint } from '../../checkpoint/save.ts'
import { epochOrder, lengthOrder } from '../../data/batches.ts'
import type { Precision, Session, TensorSpec } from '../../engine/engine.ts'
import { openEngine } from '../../engine/open.ts'
import { systemClock } from '../../util/clock.ts'
import { stepFeeds } from '../optimizer.ts'
import { accumulateProgram, evaluateProgram, sessionSpec, trainProgram } from '../programs.ts'
import { clearHeld } from '../session-state.ts'
import { fillVariables } from '../weights.ts'
import { writeVariablesTo } from '../write-variables.ts'
import type { Setup } from './setup.ts'
import type { PartTimes } from './time.ts'

/** Timed calls of each program after the one that prepares it; fewer where they take long. */
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
  const { spec, model, trainable, lengths } = setup
  const { config, threads } = spec
  const engine = await openEngine(config.engine, threads)
  const precision = await engine.precision(config.precision)
  const session = await engine.open(sessionSpec(model, trainable, config, lengths, precision))
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
function programsOf({ model: { task }, spec: { config }, sample: { data }, lengths, padId }: Setup): Call[] {
  const { per_device_train_batch_size: trainSize, per_device_eval_batch_size: evalSize } = config
  const train = { buckets: lengths.train, batchSize: trainSize, padId }
  const evaluate = { buckets: lengths.evaluate, batchSize: evalSize, padId }
  const { rng, ...scalars } = stepFeeds(config, 1, 0)
  const inSteps = batchesByLength(
    epochOrder(data.train, lengths.train, trainSize, config.seed, 0),
    lengths.train,
    (positions) => task.batch(data.train, positions, train, config),
  ).flatMap(({ length, feeds: batch, weight }): Call[] => {
    const accumulates = config.gradient_accumulation_steps > 1
    const feeds = { ...batch, rng, ...(accumulates && { total_weight: Float32Array.of(weight) }) }
    const last = { name: trainProgram(length), feeds: { ...feeds, ...scalars } }
    return accumulates ? [{ name: accumulateProgram(length), feeds }, last] : [last]
  })
  const inEvaluation = batchesByLength(lengthOrder(data.validation, evalSize), lengths.evaluate, (positions) =>
    task.batch(data.validation, positions, evaluate, config),
  ).map(({ length, feeds }): Call => ({ name: evaluateProgram(length), feeds }))
  return [...inSteps, ...inEvaluation]
}

/** The first batch of each length that there is one of. */
function batchesByLength<Batch extends { readonly length: number }>(
  order: readonly Int32Array[],
  buckets: readonly number[],
  build: (positions: Int32Array) => Batch,
): Batch[] {
  const found = new Map<number, Batch>()
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
