import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'
import { buildBatch, type EncodedRows, epochOrder } from '../data/batches.ts'
import type { Session } from '../engine/engine.ts'
import { batchFeeds } from '../tasks/text-classification.ts'
import { systemClock } from '../util/clock.ts'
import { stepFeeds } from './optimizer.ts'
import { trainProgram } from './programs.ts'
import { type Schedule, scheduleFactor } from './schedule.ts'
import { checkStop } from './stop.ts'
import type { Surroundings } from './surroundings.ts'

/** What the loop goes through, fixed before the first step. */
export interface LoopPlan {
  readonly rows: EncodedRows
  readonly buckets: readonly number[]
  readonly padId: number
  readonly stepsPerEpoch: number
  readonly schedule: Schedule
  readonly config: RunConfig
}

/** What the loop tells about itself. */
export interface LoopReport extends Surroundings {
  /** Called where an evaluation is due: every eval_steps, or at each epoch's end, and after the last step. */
  judge(step: number, epoch: number): Promise<void>
}

/**
 * The steps of a run, in order. A stop that keeps the weights ends it after the present step, judged like any other
 * end. Throws AttuneError: `diverged` when loss or gradient is no longer finite, `stopped` on a stop at once.
 */
export async function runSteps(session: Session, plan: LoopPlan, report: LoopReport): Promise<'finished' | 'stopped'> {
  const { config, stepsPerEpoch, schedule } = plan
  const { watch, control, reporter } = report
  const total = schedule.totalSteps
  const window = new LogWindow(report, stepsPerEpoch)
  let order: Int32Array[] = []
  let judged = 0
  reporter.phase('training')
  for (let step = 1; step <= total; step++) {
    checkStop(control, 2)
    if (control.stop() === 1) {
      window.flush(step - 1)
      if (step - 1 > judged) await report.judge(step - 1, (step - 1) / stepsPerEpoch)
      return 'stopped'
    }

    const begun = systemClock.monotonic()
    const done = step - 1
    const place = done % stepsPerEpoch
    if (place === 0) {
      const epoch = done / stepsPerEpoch
      order = epochOrder(plan.rows, plan.buckets, config.per_device_train_batch_size, config.seed, epoch)
    }
    const positions = order[place] as Int32Array
    const batch = buildBatch(plan.rows, positions, plan.buckets, config.per_device_train_batch_size, plan.padId)
    const learningRate = config.learning_rate * scheduleFactor(schedule, done)
    const output = session.run(trainProgram(batch.length), {
      ...batchFeeds(batch),
      ...stepFeeds(config, step, learningRate),
    })
    const loss = output.loss?.[0] as number
    const gradNorm = output.grad_norm?.[0] as number
    checkFinite(step, loss, gradNorm, learningRate)
    watch.step(begun, positions.length, batch.realTokens)

    window.add(loss, gradNorm, learningRate)
    if (step % config.logging_steps === 0 || step === total) window.flush(step)
    reporter.progress(step, total)
    if (evaluationDue(step, total, stepsPerEpoch, config.eval_steps)) {
      judged = step
      await report.judge(step, step / stepsPerEpoch)
      if (step < total) reporter.phase('training')
    }
  }
  return 'finished'
}

function evaluationDue(step: number, total: number, stepsPerEpoch: number, evalSteps: number): boolean {
  return step === total || step % (evalSteps > 0 ? evalSteps : stepsPerEpoch) === 0
}

function checkFinite(step: number, loss: number, gradNorm: number, learningRate: number): void {
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return
  const what = Number.isFinite(loss) ? `gradient norm became ${gradNorm}` : `loss became ${loss}`
  throw new AttuneError(
    'diverged',
    `The ${what} at step ${step} (learning rate ${learningRate.toPrecision(3)}). Checkpoints written before it are kept. ` +
      'Try a smaller learning_rate, a longer warm-up, or max_grad_norm 1.',
    { step, learningRate },
  )
}

/** The steps since the last point on the training curves. */
class LogWindow {
  private readonly report: LoopReport
  private readonly stepsPerEpoch: number
  private losses: number[] = []
  private gradNorm = 0
  private learningRate = 0

  constructor(report: LoopReport, stepsPerEpoch: number) {
    this.report = report
    this.stepsPerEpoch = stepsPerEpoch
  }

  add(loss: number, gradNorm: number, learningRate: number): void {
    this.losses.push(loss)
    this.gradNorm = gradNorm
    this.learningRate = learningRate
  }

  /** Emits a point at `step`: the mean loss of the window, and norm and rate of its last step. */
  flush(step: number): void {
    if (this.losses.length === 0) return
    const { watch, emit } = this.report
    const { examplesPerSecond, tokensPerSecond } = watch.takeLap()
    emit({
      kind: 'metrics',
      step,
      epoch: step / this.stepsPerEpoch,
      examples: watch.examples,
      tokens: watch.tokens,
      elapsedMs: watch.elapsedMs,
      values: {
        'train/loss': this.losses.reduce((a, b) => a + b, 0) / this.losses.length,
        'train/learning_rate': this.learningRate,
        'train/grad_norm': this.gradNorm,
        'perf/examples_per_second': examplesPerSecond,
        'perf/tokens_per_second': tokensPerSecond,
        'perf/memory': process.memoryUsage.rss(),
      },
    })
    this.losses = []
  }
}
