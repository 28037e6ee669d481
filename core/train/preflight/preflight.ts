import type { MemoryForecast, Preflight, TimeForecast } from '../../contract/preflight.ts'
import type { PreflightSpec } from '../../worker/protocol.ts'
import type { Reporter } from '../reporter.ts'
import { checkpointBytes } from '../session-state.ts'
import { type Control, checkAnyStop } from '../stop.ts'
import { countParameters } from '../trainable.ts'
import { trainedSpecs } from '../weights.ts'
import { type Course, courseOf } from './course.ts'
import { diskForecast } from './disk.ts'
import { alternativesTo, memoryForecast } from './fit.ts'
import { type Measured, measureRun } from './measure.ts'
import { type MemoryNeed, memoryNeed } from './memory.ts'
import { inPrecision, type Setup, setUp } from './setup.ts'
import { guessedTimes, timedSaves, timeForecast } from './time.ts'
import { memoryVerdict, reasonOf, sentenceOf, verdictOf } from './verdict.ts'

/** When the thread began, what its process held then, and whether the answer is wanted still. */
export interface Thread extends Control {
  /** Monotonic ms. */
  readonly startedAt: number
  readonly startBytes: number
}

/**
 * What a run will need on this machine: memory, time and disk, whether that is there, and what to change where it is
 * not. Memory is worked out without computing; with `measure`, the run's programs are tried out where that fits, which
 * takes some seconds and the memory of the run. Rejects with what a run with these settings would be refused for, and with
 * `stopped` soon after that was asked for.
 */
export async function preflight(spec: PreflightSpec, reporter: Reporter, thread: Thread): Promise<Preflight> {
  reporter.phase('tokenizing')
  const setup = await setUp(spec, spec.measure, (done, total) => {
    checkAnyStop(thread)
    reporter.progress(done, total)
  })
  const course = courseOf(setup)
  const need = await memoryNeed(setup)
  const foreseen = memoryForecast(spec.host, need)
  checkAnyStop(thread)
  const bytes = checkpointBytes(setup.model, setup.trainable, spec.config)
  if (!spec.measure || memoryVerdict(foreseen.neededBytes, foreseen.availableBytes) === 'does not fit') {
    const time = timeForecast(course, guessedTimes(course, need, bytes), spec.config, 'graph')
    const note = spec.measure ? 'Not tried out: the memory is not enough.' : null
    return conclude(setup, course, need, foreseen, { ...time, note })
  }
  reporter.phase('compiling')
  const measured = await measureRun(setup, bytes, thread.startedAt, (done, total) => {
    checkAnyStop(thread)
    if (done === 0) reporter.phase('training')
    reporter.progress(done, total)
  })
  const inFact =
    measured.precision === setup.engine.precision ? need : await memoryNeed(inPrecision(setup, measured.precision))
  const time = timeForecast(course, measured.times, spec.config, 'steps')
  const memory = memoryForecast(spec.host, seenNeed(inFact, measured, thread))
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
    reason: reasonOf(memory, disk),
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

/** What was seen while steps were tried out, and what saving adds to it. */
function seenNeed(need: MemoryNeed, { peakBytes }: Measured, { startBytes }: Thread): MemoryNeed {
  const saving = need.parts.find(({ name }) => name === 'saving')?.bytes ?? 0
  const difference = peakBytes - startBytes + saving - need.bytes
  const parts = need.parts.map((part) =>
    part.name === 'program' ? { ...part, bytes: Math.max(0, part.bytes + difference) } : part,
  )
  return { ...need, parts, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0) }
}
