import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'
import { type Examples, epochOrder } from '../data/batches.ts'
import type { Session } from '../engine/engine.ts'
import type { BatchLayout, Task } from '../tasks/task.ts'
import { systemClock } from '../util/clock.ts'
import type { Begun } from './checkpoints.ts'
import type { LogWindow } from './log-window.ts'
import { stepFeeds } from './optimizer.ts'
import { accumulateProgram, trainProgram } from './programs.ts'
import { type Schedule, scheduleFactor } from './schedule.ts'
import { checkStopAtOnce } from './stop.ts'
import type { Surroundings } from './surroundings.ts'

/** What the loop goes through, fixed before the first step. A step is one update, of one or several batches. */
export interface LoopPlan {
  readonly task: Task
  readonly encoded: Examples
  readonly layout: BatchLayout
  readonly stepsPerEpoch: number
  readonly schedule: Schedule
  readonly config: RunConfig
  /** Steps that an interrupted run has done already, and a begun one; whether its checkpoint there was evaluated. */
  readonly done: { readonly step: number; readonly evaluated: boolean; readonly begun: Begun | null }
  /** Updates that the optimizer has made before the run's first step. */
  readonly optimizerSteps: number
}

/** What the loop tells about itself. */
export interface LoopReport extends Surroundings {
  readonly window: LogWindow
  /** Evaluates and saves: every eval_steps, or at each epoch's end, and after the last step. */
  judge(step: number): Promise<void>
  /** Saves without evaluating: every save_steps, when it is due by time, and at a pause, which may come amid a step. */
  save(step: number, begun?: Begun): Promise<void>
  /** Whether the last checkpoint is older than save_minutes. */
  saveIsDue(): boolean
  /** Whether evaluations have not improved for long enough. */
  stopsEarly(): boolean
  /** Which checkpoint is left when the weights after step `goodUntil` + 1 and later are not to be trusted. */
  lastGood(goodUntil: number): string
}

export type Outcome = 'finished' | 'stopped' | 'paused'

/**
 * The steps of a run, in order. A stop that keeps the weights ends it after the present step, judged like any other
 * end; a pause only saves. Throws AttuneError: `diverged` when loss or gradient is no longer finite, `stopped` on a stop
 * at once.
 */
export async function runSteps(session: Session, plan: LoopPlan, report: LoopReport): Promise<Outcome> {
  const { config, stepsPerEpoch, schedule, done } = plan
  const { control, reporter, window } = report
  const total = schedule.totalSteps
  let groups: Int32Array[][] = []
  let judged = done.evaluated ? done.step : 0
  let saved = done.step
  if (total === 0 && !done.evaluated) await report.judge(0)
  if (total > 0) reporter.phase('training')
  for (let step = done.step + 1; step <= total; step++) {
    if (report.stopsEarly()) return 'finished'
    checkStopAtOnce(control)
    const wish = control.stop()
    if (wish === 3) {
      if (step - 1 > saved) await report.save(step - 1)
      return 'paused'
    }
    if (wish === 1) {
      window.flush(step - 1)
      if (step - 1 > judged) await report.judge(step - 1)
      return 'stopped'
    }

    const place = (step - 1) % stepsPerEpoch
    if (place === 0 || step === done.step + 1) groups = groupsOf(plan, (step - 1 - place) / stepsPerEpoch)
    const learningRate = config.learning_rate * scheduleFactor(schedule, step - 1)
    const updated = await update(session, plan, report, groups[place] ?? [], step, learningRate)
    if (updated === 'paused') return 'paused'
    const { loss, gradNorm } = updated
    checkFinite(step, loss, gradNorm, learningRate, report)

    window.add(loss, gradNorm, learningRate)
    if (step % config.logging_steps === 0 || step === total) window.flush(step)
    reporter.progress(step, total)
    if (evaluationDue(step, total, stepsPerEpoch, config.eval_steps)) {
      await report.judge(step)
      judged = step
      saved = step
      if (step < total) reporter.phase('training')
    } else if ((config.save_steps > 0 && step % config.save_steps === 0) || report.saveIsDue()) {
      await report.save(step)
      saved = step
      reporter.phase('training')
    }
  }
  return 'finished'
}

/** The batches of an epoch, as positions, by the step that they belong to. The last step may have fewer. */
function groupsOf({ encoded, layout, config }: LoopPlan, epoch: number): Int32Array[][] {
  const batches = epochOrder(encoded, layout.buckets, layout.batchSize, config.seed, epoch)
  const size = config.gradient_accumulation_steps
  return Array.from({ length: Math.ceil(batches.length / size) }, (_, i) => batches.slice(i * size, (i + 1) * size))
}

/**
 * One update: all batches of the step but the last one are added up, the last one ends it. The loss is their mean.
 * Between two batches it can be saved and paused, and it goes on from there.
 */
async function update(
  session: Session,
  { task, encoded, layout, config, stepsPerEpoch, done, optimizerSteps }: LoopPlan,
  report: LoopReport,
  group: readonly Int32Array[],
  step: number,
  learningRate: number,
): Promise<{ loss: number; gradNorm: number } | 'paused'> {
  const { control, watch, reporter } = report
  const { gradient_accumulation_steps: groupSize } = config
  let begun = systemClock.monotonic()
  const draw = { seed: config.seed, epoch: Math.floor((step - 1) / stepsPerEpoch) }
  const batches = group.map((positions) => task.batch(encoded, positions, layout, config, draw))
  const weight = batches.reduce((sum, batch) => sum + batch.weight, 0)
  const totalWeight = groupSize > 1 ? { total_weight: Float32Array.of(weight) } : {}
  const before = step === done.step + 1 ? done.begun : null
  let loss = before?.loss ?? 0
  let gradNorm = 0
  for (const [i, { length, feeds: batch }] of batches.entries()) {
    if (before !== null && i < before.microStep) continue
    checkStopAtOnce(control)
    const pauses = control.stop() === 3
    if (i > (before?.microStep ?? 0) && (pauses || report.saveIsDue())) {
      watch.part(begun)
      await report.save(step - 1, { microStep: i, loss })
      if (pauses) return 'paused'
      reporter.phase('training')
      begun = systemClock.monotonic()
    }
    const { rng, ...scalars } = stepFeeds(config, optimizerSteps + step, learningRate, (step - 1) * groupSize + i + 1)
    const feeds = { ...batch, ...totalWeight, rng }
    const output =
      i < batches.length - 1
        ? session.run(accumulateProgram(length), feeds)
        : session.run(trainProgram(length), { ...feeds, ...scalars })
    loss += output.loss?.[0] as number
    gradNorm = output.grad_norm?.[0] ?? 0
  }
  const examples = batches.reduce((sum, batch) => sum + batch.examples, 0)
  const tokens = batches.reduce((sum, batch) => sum + batch.tokens, 0)
  watch.step(begun, examples, tokens)
  return { loss, gradNorm }
}

function evaluationDue(step: number, total: number, stepsPerEpoch: number, evalSteps: number): boolean {
  return step === total || step % (evalSteps > 0 ? evalSteps : stepsPerEpoch) === 0
}

function checkFinite(
  step: number,
  loss: number,
  gradNorm: number,
  learningRate: number,
  { lastGood }: Pick<LoopReport, 'lastGood'>,
): void {
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return
  // The loss came out of the weights after the step before: those may be bad already, unless only the gradient is.
  const goodUntil = Number.isFinite(loss) ? step - 1 : step - 2
  const what = Number.isFinite(loss) ? `gradient norm became ${gradNorm}` : `loss became ${loss}`
  throw new AttuneError(
    'diverged',
    `The ${what} at step ${step} (learning rate ${learningRate.toPrecision(3)}). ${lastGood(goodUntil)} ` +
      'Try a smaller learning_rate, a longer warm-up, or max_grad_norm 1.',
    { step, learningRate },
  )
}
