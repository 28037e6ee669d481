import type { Pace } from '../contract/pace.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { TensorSpec, Values } from '../engine/engine.ts'
import { openEngine } from '../engine/open.ts'
import { systemClock } from '../util/clock.ts'
import type { PaceSpec } from '../worker/protocol.ts'
import { loadModel } from './load-model.ts'
import { stepFeeds } from './optimizer.ts'
import { sessionSpec, trainProgram } from './programs.ts'
import type { Reporter } from './reporter.ts'
import { clearHeld } from './session-state.ts'
import { type Control, checkAnyStop } from './stop.ts'
import { trainableOf } from './trainable.ts'
import { fillVariables } from './weights.ts'

const rowCounts = [1, 32]
const shortest = 32
const longest = 256
/** Steps that are timed, after two that prepare; fewer where they take long. */
const steps = 7
const enoughMs = 3000

/**
 * Training steps of a run's model and method, by rows and by length, at a learning rate of zero. Throws as a run's
 * beginning does, and AttuneError `stopped`.
 */
export async function measurePace(
  { config, modelDir, labels, threads }: PaceSpec,
  reporter: Reporter,
  control: Control,
): Promise<Pace> {
  reporter.phase('training')
  const engine = await openEngine(config.engine, threads)
  const precision = await engine.precision(config.precision)
  const cells: Pace['cells'] = []
  const { architecture, config: parsed } = await loadModel(modelDir, config.task, labels.length, { maxLength: 1 })
  const most = Math.min(longest, architecture.describe(parsed).maxPositions)
  const lengths = [Math.min(shortest, Math.ceil(most / 2)), most]
  const total = rowCounts.length * lengths.length
  for (const rows of rowCounts) {
    const own: RunConfig = {
      ...config,
      per_device_train_batch_size: rows,
      gradient_accumulation_steps: 1,
      packing: false,
    }
    const model = await loadModel(modelDir, own.task, labels.length, { maxLength: most })
    const trainable = trainableOf(model, own)
    const session = await engine.open(sessionSpec(model, trainable, own, { train: lengths, evaluate: [] }, precision))
    try {
      await fillVariables(session, model, trainable, own.seed, { log: () => {} })
      clearHeld(session, model, trainable, own)
      for (const length of lengths) {
        checkAnyStop(control)
        reporter.progress(cells.length, total)
        const specs = model.task.batchSpecs(rows, length, own, model)
        const feeds = { ...ones(specs), ...stepFeeds(own, 1, 0) }
        cells.push({ rows, length, stepMs: middle(() => session.run(trainProgram(length), feeds), control) })
      }
    } finally {
      session.close()
    }
  }
  return { cells, threads, precision }
}

/** Every id, class and weight is 1: as good as any for the time that a step takes. */
function ones(specs: Readonly<Record<string, TensorSpec>>): Record<string, Values> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape, dtype }]) => {
      const size = shape.reduce((product, axis) => product * axis, 1)
      return [name, (dtype === 'int32' ? new Int32Array(size) : new Float32Array(size)).fill(1)]
    }),
  )
}

function middle(step: () => void, control: Control): number {
  step()
  step()
  const times: number[] = []
  const begun = systemClock.monotonic()
  while (times.length < steps && (times.length < 2 || systemClock.monotonic() - begun < enoughMs)) {
    checkAnyStop(control)
    const before = systemClock.monotonic()
    step()
    times.push(systemClock.monotonic() - before)
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1] as number
}
