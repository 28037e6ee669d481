import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { verifyCheckpoint } from '../checkpoint/save.ts'
import { readEvaluation, readTrainingState, type TrainingState } from '../checkpoint/training-state.ts'
import type { EngineInfo } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { Begun, Position } from './checkpoints.ts'
import { type Fingerprint, firstDifference } from './fingerprint.ts'
import type { Best } from './judge.ts'
import type { Reporter } from './reporter.ts'

/** A checkpoint that a run can go on from, proved whole. */
export interface Resume {
  readonly dir: string
  readonly state: TrainingState
}

const folderName = /^checkpoint-(\d+)$/

/**
 * The checkpoint to go on from: `wanted`, or, when that is damaged, the newest whole one before it in the run's folder
 * (said in the log). Throws AttuneError bad_file when there is none.
 */
export async function findResume(wanted: string, runDir: string, { log }: Pick<Reporter, 'log'>): Promise<Resume> {
  const wantedStep = Number(folderName.exec(basename(wanted))?.[1] ?? Number.POSITIVE_INFINITY)
  const earlier = (await stepsIn(runDir)).filter((step) => step < wantedStep).reverse()
  let reason: AttuneError | null = null
  for (const dir of [wanted, ...earlier.map((step) => join(runDir, `checkpoint-${step}`))]) {
    try {
      await verifyCheckpoint(dir)
      const state = await readTrainingState(dir)
      if (reason !== null) log('warning', `${reason.message} The run goes on from ${basename(dir)} instead.`)
      return { dir, state }
    } catch (thrown) {
      if (!(thrown instanceof AttuneError && (thrown.code === 'bad_file' || thrown.code === 'not_found'))) throw thrown
      reason ??= thrown
    }
  }
  throw new AttuneError(
    'bad_file',
    `${reason?.message} There is no earlier checkpoint to go on from: start the run anew.`,
  )
}

/** What a resumed run computes with: as before, unless the person now asks for another. Throws AttuneError conflict. */
export function resumedPrecision(state: TrainingState, wanted: RunConfig['precision']): 'fp32' | 'bf16' {
  const before = state.engine.precision
  if (wanted !== 'auto' && wanted !== before) throw differs('precision', `precision ("${before}", now "${wanted}")`)
  return before
}

/** Throws AttuneError conflict naming the first thing that differs from what the checkpoint was trained with. */
export function checkSame(then: Fingerprint, now: Fingerprint): void {
  const difference = firstDifference(then, now)
  if (difference !== null) throw differs(difference.field, difference.text)
}

function differs(field: string, text: string): AttuneError {
  const message =
    `The run cannot go on: ${text} is not what it was. Put it back, or fork the run: ` +
    'a new run then begins with the weights of its checkpoint.'
  return new AttuneError('conflict', message, { field, offer: 'fork' })
}

/** Says it when the numbers will not be those of an unbroken run: exactness holds for one engine and thread count. */
export function tellEngineChange({ engine }: TrainingState, now: EngineInfo, { log }: Pick<Reporter, 'log'>): void {
  for (const field of ['kind', 'backend', 'version', 'threads'] as const) {
    if (engine[field] === now[field]) continue
    const text = `The engine's ${field} was ${engine[field]} and is ${now[field]} now: the run goes on, but not bit for bit.`
    log('warning', text)
  }
}

/** The checkpoints of a run that goes on, the first to go first: those later than `dir` are no part of it any more. */
export async function keptCheckpoints(runDir: string, { state }: Resume): Promise<Position[]> {
  const steps = await stepsIn(runDir)
  const present = state.position.step
  const order = [...steps.filter((step) => step > present), ...steps.filter((step) => step <= present)]
  const positions: Position[] = []
  for (const step of order) {
    const saved = await readTrainingState(join(runDir, `checkpoint-${step}`)).catch(() => null)
    const epoch = step / state.layout.stepsPerEpoch
    positions.push({ step, epoch, metrics: saved?.metrics ?? {} })
  }
  return positions
}

/** What the checkpoint that a run goes on from was found to be worth; null when it was not evaluated. */
export async function evaluationOf({ dir, state: { position, metrics, layout } }: Resume): Promise<Best | null> {
  if (Object.keys(metrics).length === 0) return null
  const epoch = position.step / layout.stepsPerEpoch
  return { position: { step: position.step, epoch, metrics }, scored: await readEvaluation(dir) }
}

/** The batches that had been added up for the next step. */
export function begunOf({ position: { microStep }, begun }: TrainingState): Begun | null {
  return microStep > 0 && begun !== null ? { microStep, ...begun } : null
}

/** The best checkpoint before the interruption, with what it predicted; null when there is none that is whole. */
export async function bestBefore(
  runDir: string,
  { state: { best } }: Resume,
  { log }: Pick<Reporter, 'log'>,
): Promise<Best | null> {
  if (best === null) return null
  const dir = join(runDir, `checkpoint-${best.step}`)
  try {
    await verifyCheckpoint(dir)
    return { position: best, scored: await readEvaluation(dir) }
  } catch (thrown) {
    if (!(thrown instanceof AttuneError)) throw thrown
    log('warning', `${thrown.message} It was the best so far; the best is looked for anew.`)
    return null
  }
}

/** Steps of the checkpoints in a run's folder, ascending. */
async function stepsIn(runDir: string): Promise<number[]> {
  const names = await readdir(runDir).catch(() => [])
  return names
    .flatMap((name) => folderName.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}
