import type { TrainingState } from '../checkpoint/training-state.ts'
import { countedIn } from '../contract/roles.ts'
import type { TaskName } from '../contract/settings.ts'
import type { Surroundings } from './surroundings.ts'

/** The steps since the last point on the training curves. */
export class LogWindow {
  private readonly report: Pick<Surroundings, 'emit' | 'watch'>
  private readonly stepsPerEpoch: number
  private readonly task: TaskName
  private losses: number[]
  private gradNorm: number
  private learningRate: number

  /** `from`: the window of an interrupted run. */
  constructor(
    report: Pick<Surroundings, 'emit' | 'watch'>,
    stepsPerEpoch: number,
    task: TaskName,
    from: TrainingState['window'] = { losses: [], gradNorm: 0, learningRate: 0 },
  ) {
    this.report = report
    this.stepsPerEpoch = stepsPerEpoch
    this.task = task
    this.losses = [...from.losses]
    this.gradNorm = from.gradNorm
    this.learningRate = from.learningRate
  }

  add(loss: number, gradNorm: number, learningRate: number): void {
    this.losses.push(loss)
    this.gradNorm = gradNorm
    this.learningRate = learningRate
  }

  /** What a run needs to fill this window up after an interruption. */
  get state(): TrainingState['window'] {
    const { losses, gradNorm, learningRate } = this
    return { losses: [...losses], gradNorm, learningRate }
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
        ...(countedIn(this.task) === 'tokens' && { 'perf/tokens_per_second': tokensPerSecond }),
        'perf/memory': process.memoryUsage.rss(),
      },
    })
    this.losses = []
  }
}
