import type { Alternative, MemoryForecast, Preflight, TimeForecast } from '../../contract/preflight.ts'
import { availableMemory } from '../../util/available-memory.ts'
import type { PreflightSpec } from '../../worker/protocol.ts'
import type { Reporter } from '../reporter.ts'
import { checkpointBytes } from '../session-state.ts'
import { countParameters } from '../trainable.ts'
import { trainedSpecs } from '../weights.ts'
import { fittingSettings } from './alternatives.ts'
import { type Course, courseOf } from './course.ts'
import { diskForecast } from './disk.ts'
import { type Measured, measureRun } from './measure.ts'
import { type MemoryNeed, memoryNeed } from './memory.ts'
import { inPrecision, type Setup, setUp } from './setup.ts'
import { guessedTimes, timedSaves, timeForecast } from './time.ts'
import { comfortable, memoryVerdict, sentenceOf, verdictOf } from './verdict.ts'

/** When the thread began, and what its process held then. */
export interface ThreadStart {
  /** Monotonic ms. */
  readonly startedAt: number
  readonly bytes: number
}

/**
 * What a run will need on this machine: memory, time and disk, whether that is there, and what to change where it is
 * not. Memory is worked out without computing; with `measure`, the run's programs are tried out where that fits, which
 * takes some seconds and the memory of the run. Rejects with what a run with these settings would be refused for.
 */
export async function preflight(spec: PreflightSpec, reporter: Reporter, start: ThreadStart): Promise<Preflight> {
  reporter.phase('tokenizing')
  const setup = await setUp(spec, spec.measure, (done, total) => reporter.progress(done, total))
  const course = courseOf(setup)
  const need = await memoryNeed(setup)
  const foreseen = memoryForecast(spec, need)
  const bytes = checkpointBytes(setup.model, setup.trainable, spec.config)
  if (!spec.measure || memoryVerdict(foreseen.neededBytes, foreseen.availableBytes) === 'does not fit') {
    const time = timeForecast(course, guessedTimes(course, need, bytes), spec.config, 'graph')
    const note = spec.measure ? 'Not tried out: the memory is not enough.' : null
    return conclude(setup, course, need, foreseen, { ...time, note })
  }
  reporter.phase('compiling')
  const measured = await measureRun(setup, bytes, start.startedAt, (done, total) => {
    if (done === 0) reporter.phase('training')
    reporter.progress(done, total)
  })
  const inFact =
    measured.precision === setup.engine.precision ? need : await memoryNeed(inPrecision(setup, measured.precision))
  const time = timeForecast(course, measured.times, spec.config, 'steps')
  const memory = memoryForecast(spec, seenNeed(inFact, measured, start))
  return conclude(inPrecision(setup, measured.precision), course, inFact, { ...memory, source: 'steps' }, time)
}

async function conclude(
  setup: Setup,
  course: Course,
  need: MemoryNeed,
  memory: MemoryForecast,
  time: TimeForecast,
): Promise<Preflight> {
  const { spec, model, trainable, sample, lengths, engine, steps } = setup
  const timed = timedSaves(course, time.trainingSeconds + time.evaluatingSeconds, spec.config)
  const disk = await diskForecast(setup, course, timed)
  const alternatives = await alternativesTo(setup, need, memory)
  return {
    verdict: verdictOf(memory, disk),
    sentence: sentenceOf(memory, disk, alternatives),
    memory,
    time,
    disk,
    plan: {
      trainRows: sample.trainRows,
      evalRows: sample.evalRows,
      stepsPerEpoch: steps.perEpoch,
      totalSteps: steps.total,
      parameters: countParameters({ ...model.parameters, ...trainable.adapters }),
      trainableParameters: countParameters(trainedSpecs(model, trainable)),
      lengthBuckets: [...new Set([...lengths.train, ...lengths.evaluate])].sort((a, b) => a - b),
      truncatedShare: sample.data.truncatedShare,
      whole: sample.whole,
    },
    engine: engine.kind,
    precision: engine.precision,
    alternatives,
  }
}

/** Kept for everything else on the machine: a twentieth of its memory, at least 256 MB and at most 1 GB. */
function reserveOf(totalBytes: number): number {
  return Math.min(1e9, Math.max(256e6, totalBytes / 20))
}

function memoryForecast({ host }: Pick<PreflightSpec, 'host'>, need: MemoryNeed): MemoryForecast {
  const { availableBytes, totalBytes } = availableMemory()
  const parts = need.parts.map((part) =>
    part.name === 'program' ? { ...part, bytes: part.bytes + host.restingBytes } : part,
  )
  return {
    peakBytes: need.bytes + host.restingBytes,
    neededBytes: neededBytes(host, need.bytes),
    availableBytes: Math.max(0, availableBytes + host.othersBytes - reserveOf(totalBytes)),
    parts,
    source: need.certain ? 'graph' : 'bound',
  }
}

/** What the process holds from earlier runs is used again. */
function neededBytes({ restingBytes, heldBytes }: PreflightSpec['host'], runBytes: number): number {
  return Math.max(0, runBytes + restingBytes - heldBytes)
}

/** What was seen while steps were tried out, and what saving adds to it. */
function seenNeed(need: MemoryNeed, { peakBytes }: Measured, start: ThreadStart): MemoryNeed {
  const saving = need.parts.find(({ name }) => name === 'saving')?.bytes ?? 0
  const difference = peakBytes - start.bytes + saving - need.bytes
  const parts = need.parts.map((part) =>
    part.name === 'program' ? { ...part, bytes: Math.max(0, part.bytes + difference) } : part,
  )
  return { ...need, parts, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) }
}

async function alternativesTo(setup: Setup, need: MemoryNeed, memory: MemoryForecast): Promise<Alternative[]> {
  const { neededBytes: needed, availableBytes } = memory
  if (memoryVerdict(needed, availableBytes) !== 'does not fit') return []
  const { host } = setup.spec
  const most = comfortable * availableBytes + host.heldBytes - host.restingBytes
  const fitting = await fittingSettings(setup, need, most)
  return fitting.map(({ settings, need: { bytes } }) => ({
    settings,
    peakBytes: bytes + host.restingBytes,
    neededBytes: neededBytes(host, bytes),
  }))
}
