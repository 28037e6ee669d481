import type { TimeForecast } from '../../contract/preflight.ts'
import type { RunConfig } from '../../contract/settings.ts'
import { accumulateProgram, evaluateProgram, trainProgram } from '../programs.ts'
import type { Course } from './course.ts'
import type { MemoryNeed } from './memory.ts'
import type { Setup } from './setup.ts'

/** How long the parts of a run take. */
export interface PartTimes {
  /** By program. */
  readonly programMs: Readonly<Record<string, number>>
  /** Until the first step: reading, tokenising, and each program's preparation by TensorFlow. */
  readonly startingSeconds: number
  /** Of one checkpoint. */
  readonly savingSeconds: number
}

/** A checkpoint is written, synced and hashed at about so much, and TensorFlow prepares a program in so long. */
const savedBytesPerSecond = 2e8
const preparingSeconds = 0.8
const loadingSeconds = 2

/** From the graph alone: products and moved bytes at this machine's pace. */
export function guessedTimes({ lengths }: Setup, { footprint }: MemoryNeed, checkpointBytes: number): PartTimes {
  const programMs: Record<string, number> = {}
  for (const [side, nameOf] of [
    [lengths.train, trainProgram],
    [lengths.train, accumulateProgram],
    [lengths.evaluate, evaluateProgram],
  ] as const) {
    const longest = side.at(-1) ?? 1
    const longestMs = footprint.programMs[nameOf(longest)]
    // What a row takes goes with its length.
    if (longestMs !== undefined) for (const length of side) programMs[nameOf(length)] = (longestMs * length) / longest
  }
  return {
    programMs,
    startingSeconds: loadingSeconds + preparingSeconds * Object.keys(programMs).length,
    savingSeconds: checkpointBytes / savedBytesPerSecond,
  }
}

/** The whole from its parts. */
export function timeForecast(
  course: Course,
  { programMs, startingSeconds, savingSeconds: oneSave }: PartTimes,
  config: Pick<RunConfig, 'gradient_accumulation_steps' | 'save_minutes'>,
  source: TimeForecast['source'],
): TimeForecast {
  const ms = (program: string) => programMs[program] ?? 0
  const lastShare = 1 / config.gradient_accumulation_steps
  const batchMs = (length: number) =>
    lastShare * ms(trainProgram(length)) + (1 - lastShare) * ms(accumulateProgram(length))
  const trainingSeconds = total(course.batches, batchMs) / 1000
  const evaluatingSeconds =
    (course.evaluations * total(course.evaluationBatches, (length) => ms(evaluateProgram(length)))) / 1000
  const timed = timedSaves(course, trainingSeconds + evaluatingSeconds, config)
  const savingSeconds = (course.evaluations + course.saves + timed) * oneSave
  return {
    seconds: startingSeconds + trainingSeconds + evaluatingSeconds + savingSeconds,
    startingSeconds,
    trainingSeconds,
    evaluatingSeconds,
    savingSeconds,
    stepMs: (1000 * trainingSeconds) / course.totalSteps,
    source,
    note: null,
  }
}

/** Checkpoints that are written because the last one is older than save_minutes. */
export function timedSaves(
  { evaluations, saves }: Pick<Course, 'evaluations' | 'saves'>,
  seconds: number,
  { save_minutes: minutes }: Pick<RunConfig, 'save_minutes'>,
): number {
  if (minutes === 0) return 0
  const planned = evaluations + saves
  return planned * Math.floor(seconds / planned / (60 * minutes))
}

function total(counts: ReadonlyMap<number, number>, ms: (length: number) => number): number {
  return [...counts].reduce((sum, [length, count]) => sum + count * ms(length), 0)
}
