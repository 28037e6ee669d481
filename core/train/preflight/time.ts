import type { TimeForecast } from '../../contract/preflight.ts'
import { countedIn } from '../../contract/roles.ts'
import type { RunConfig } from '../../contract/settings.ts'
import type { Course } from './course.ts'
import type { MemoryNeed } from './memory.ts'

/** How long the parts of a run take. */
export interface PartTimes {
  /** By program. */
  readonly programMs: Readonly<Record<string, number>>
  /** Until the first program is called for good: reading, tokenising, and each program's preparation by TensorFlow. */
  readonly startingSeconds: number
  /** Of one checkpoint. */
  readonly savingSeconds: number
}

/** A checkpoint is written, synced and hashed at about so much, and TensorFlow prepares a program in so long. */
const savedBytesPerSecond = 2e8
const preparingSeconds = 0.8
const loadingSeconds = 2

/** From the graph alone: products and moved bytes at this machine's pace. What a batch takes goes with its length. */
export function guessedTimes(course: Course, { footprint }: MemoryNeed, checkpointBytes: number): PartTimes {
  const known = Object.entries(footprint.programMs).map(([name, ms]) => ({ ...placeOf(name), ms }))
  const names = [course.before, course.training, course.evaluation].flatMap((calls) => [...calls.keys()])
  const programMs = names.map((name): [string, number] => {
    const { kind, length } = placeOf(name)
    const like = known.find((other) => other.kind === kind)
    return [name, like ? like.ms * (like.length === 0 ? 1 : length / like.length) : 0]
  })
  return {
    programMs: Object.fromEntries(programMs),
    startingSeconds: loadingSeconds + preparingSeconds * names.length,
    savingSeconds: checkpointBytes / savedBytesPerSecond,
  }
}

/** "train/128" → train, 128 */
function placeOf(program: string): { kind: string; length: number } {
  const at = program.lastIndexOf('/')
  return { kind: program.slice(0, at), length: Number(program.slice(at + 1)) }
}

/** The whole from its parts. */
export function timeForecast(
  course: Course,
  { programMs, startingSeconds: loadingAll, savingSeconds: oneSave }: PartTimes,
  config: Pick<RunConfig, 'save_minutes' | 'task'>,
  source: TimeForecast['source'],
): TimeForecast {
  const seconds = (calls: ReadonlyMap<string, number>) =>
    [...calls].reduce((sum, [program, count]) => sum + count * (programMs[program] ?? 0), 0) / 1000
  const startingSeconds = loadingAll + seconds(course.before)
  const trainingSeconds = seconds(course.training)
  const evaluatingSeconds = course.evaluations * seconds(course.evaluation)
  const timed = timedSaves(course, trainingSeconds + evaluatingSeconds, config)
  const savingSeconds = (course.evaluations + course.saves + timed) * oneSave
  return {
    seconds: startingSeconds + trainingSeconds + evaluatingSeconds + savingSeconds,
    startingSeconds,
    trainingSeconds,
    evaluatingSeconds,
    savingSeconds,
    stepMs: (1000 * trainingSeconds) / Math.max(1, course.steps),
    tokensPerSecond: trainingSeconds > 0 ? course.tokens / trainingSeconds : 0,
    counted: countedIn(config.task),
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
