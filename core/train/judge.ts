import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { Examples } from '../data/batches.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import type { Session } from '../engine/engine.ts'
import type { BatchLayout, RunOwn, Scored, ScoreTools, Task, TaskBatch, TaskModel } from '../tasks/task.ts'
import { systemClock } from '../util/clock.ts'
import type { Begun, CheckpointKeeper, Position } from './checkpoints.ts'
import { EarlyStopping, improves } from './early-stopping.ts'
import { evaluateProgram, ownProgram } from './programs.ts'
import type { Emit } from './reporter.ts'
import { checkStopAtOnce } from './stop.ts'
import type { Surroundings } from './surroundings.ts'

/** The best checkpoint so far, with the very numbers that it was chosen by. */
export interface Best {
  readonly position: Position
  readonly scored: Scored
}

/** What is evaluated. */
export interface Evaluation {
  readonly task: Task
  readonly model: TaskModel
  readonly encoded: Examples
  readonly layout: BatchLayout
  readonly classes: number
  /** The model's, where the task asks for it; throws AttuneError not_found where there is none. */
  tokenizer(): Tokenizer
}

/** Evaluates a run where the loop asks for it, keeps the checkpoints, and tells what each best one predicted. */
export class Judge {
  best: Best | null = null
  earlyStopping: EarlyStopping
  /** The newest evaluation. */
  private last: Best | null = null
  /** When the newest checkpoint was written, or training began; monotonic ms. */
  private savedAt = systemClock.monotonic()
  private readonly session: Session
  private readonly evaluation: Evaluation
  private readonly keeper: CheckpointKeeper
  private readonly config: RunConfig
  private readonly surroundings: Surroundings

  constructor(
    session: Session,
    evaluation: Evaluation,
    keeper: CheckpointKeeper,
    config: RunConfig,
    surroundings: Surroundings,
  ) {
    this.session = session
    this.evaluation = evaluation
    this.keeper = keeper
    this.config = config
    this.surroundings = surroundings
    this.earlyStopping = new EarlyStopping(config)
  }

  /** Goes on from what an interrupted run had found; `last` is of the checkpoint it goes on from, if that was evaluated. */
  goOnFrom(best: Best | null, last: Best | null, withoutImprovement: number): void {
    this.best = best
    this.last = last?.position.step === best?.position.step ? best : last
    this.earlyStopping = new EarlyStopping(this.config, withoutImprovement)
  }

  /** Evaluates and saves. Throws AttuneError: `diverged` when the validation loss is not finite, `stopped`, `disk_full`. */
  async judge(step: number, epoch: number): Promise<void> {
    const { emit, reporter, watch, control } = this.surroundings
    reporter.phase('evaluating')
    const { task, model, encoded, layout, classes, tokenizer } = this.evaluation
    const run: RunOwn = (program, feeds) => {
      checkStopAtOnce(control)
      return this.session.run(program, feeds)
    }
    const evaluate = ({ length, feeds }: TaskBatch) => run(evaluateProgram(length), feeds)
    const onRows = (done: number, total: number) => {
      checkStopAtOnce(control)
      reporter.progress(done, total)
    }
    const tools: ScoreTools = {
      model,
      own: (name, feeds) => run(ownProgram(name), feeds),
      get tokenizer() {
        return tokenizer()
      },
    }
    const scored = task.score(encoded, layout, this.config, evaluate, onRows, tools)
    const metrics = task.metrics(scored, classes)
    if (!Number.isFinite(metrics['eval/loss'])) {
      throw new AttuneError(
        'diverged',
        `The validation loss became ${metrics['eval/loss']} at step ${step}. ${this.tellLastGood(step - 1)} ` +
          'Try a smaller learning_rate.',
        { step },
      )
    }
    const { examples, tokens, elapsedMs } = watch
    emit({ kind: 'metrics', step, epoch, examples, tokens, elapsedMs, values: metrics })

    const metric = this.config.metric_for_best_model
    const value = metrics[metric] as number
    const former = this.best === null ? null : (this.best.position.metrics[metric] as number)
    const isBest = former === null || improves(metric, value, former)
    this.earlyStopping.count(value, former)
    const position: Position = { step, epoch, metrics }
    this.last = { position, scored }
    if (isBest) this.best = this.last
    reporter.log('info', `Step ${step}: ${describe(metrics)}${isBest ? ', the best so far' : ''}.`)
    await this.keep(position, isBest, scored)
    if (this.earlyStopping.isDue) this.tellEarlyStop(step)
  }

  /**
   * Saves without evaluating. Amid a step the weights are still those after the step before: what was found of them
   * stays. Throws AttuneError `disk_full`.
   */
  async save(step: number, epoch: number, begun?: Begun): Promise<void> {
    const same = this.last?.position.step === step ? this.last : null
    const position: Position = { step, epoch, metrics: same?.position.metrics ?? {}, ...(begun && { begun }) }
    await this.keep(position, same !== null && same === this.best, same?.scored ?? null)
  }

  /** Whether the newest checkpoint is older than save_minutes. */
  get saveIsDue(): boolean {
    const { save_minutes: minutes } = this.config
    return minutes > 0 && systemClock.monotonic() - this.savedAt >= minutes * 60_000
  }

  private async keep(position: Position, best: boolean, scored: Scored | null): Promise<void> {
    const { emit, reporter } = this.surroundings
    reporter.phase('saving')
    const { path, bytes } = await this.keeper.save(position, best, scored)
    // Told at once, so that a run that fails or is killed later has them too; and before the checkpoint, which an
    // interrupted run takes up from the disk when its event was lost.
    if (best && scored !== null) tellPredictions(this.evaluation.task, scored, emit)
    const { step, epoch, metrics } = position
    emit({ kind: 'checkpoint', at: systemClock.now(), step, epoch, metrics, path, bytes, best, last: true })
    await this.prune()
    this.savedAt = systemClock.monotonic()
  }

  /** Removes the checkpoints that need not be kept, and tells which; at the end of a run there may be some still. */
  async prune(): Promise<void> {
    for (const removed of await this.keeper.prune()) this.surroundings.emit({ kind: 'pruned', path: removed })
  }

  /** Tells which checkpoint is left when the weights were good until step `goodUntil` only; the sentence for a person. */
  tellLastGood(goodUntil: number): string {
    const good = this.keeper.lastGood(goodUntil)
    if (good === null) return 'No checkpoint had been written before it.'
    this.surroundings.emit({ kind: 'lastGood', step: good.step })
    return `The last good checkpoint, checkpoint-${good.step}, is kept.`
  }

  private tellEarlyStop(step: number): void {
    const { metric_for_best_model: metric, early_stopping_patience: patience } = this.config
    const text =
      `Ended early at step ${step}: ${metric} has not improved in ${patience} evaluations; ` +
      `the best was step ${this.best?.position.step}.`
    this.surroundings.reporter.log('info', text)
  }
}

/** Tells what the best checkpoint so far predicts. */
export function tellPredictions(task: Task, scored: Scored, emit: Emit): void {
  emit({ kind: 'predictions', ...task.predictions(scored) })
}

function describe(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join(', ')
}
