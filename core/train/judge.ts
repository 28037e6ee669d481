import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { EncodedRows } from '../data/batches.ts'
import type { Session } from '../engine/engine.ts'
import { evaluationMetrics, type ScoredRows } from '../tasks/text-classification.ts'
import { systemClock } from '../util/clock.ts'
import type { RunEvent } from '../worker/protocol.ts'
import type { CheckpointKeeper, Position } from './checkpoints.ts'
import { type EvaluationLayout, scoreRows } from './evaluate.ts'
import { checkStop } from './stop.ts'
import type { Surroundings } from './surroundings.ts'

/** Evaluates a run where the loop asks for it, keeps the checkpoints, and tells what each best one predicted. */
export class Judge {
  private best: Position | null = null
  private readonly session: Session
  private readonly validation: EncodedRows
  private readonly layout: EvaluationLayout
  private readonly keeper: CheckpointKeeper
  private readonly metric: RunConfig['metric_for_best_model']

  constructor(
    session: Session,
    validation: EncodedRows,
    layout: EvaluationLayout,
    keeper: CheckpointKeeper,
    metric: RunConfig['metric_for_best_model'],
  ) {
    this.session = session
    this.validation = validation
    this.layout = layout
    this.keeper = keeper
    this.metric = metric
  }

  /** Throws AttuneError: `diverged` when the validation loss is not finite, `stopped`, `disk_full`. */
  async judge(step: number, epoch: number, { emit, reporter, watch, control }: Surroundings): Promise<void> {
    reporter.phase('evaluating')
    const scored = scoreRows(this.session, this.validation, this.layout, (done, total) => {
      checkStop(control, 2)
      reporter.progress(done, total)
    })
    const metrics = evaluationMetrics(scored, this.layout.classes)
    if (!Number.isFinite(metrics['eval/loss'])) {
      throw new AttuneError(
        'diverged',
        `The validation loss became ${metrics['eval/loss']} at step ${step}. Checkpoints written before it are kept. ` +
          'Try a smaller learning_rate.',
        { step },
      )
    }
    const { examples, tokens, elapsedMs } = watch
    emit({ kind: 'metrics', step, epoch, examples, tokens, elapsedMs, values: metrics })

    const value = metrics[this.metric] as number
    const best = this.best === null || improves(this.metric, value, this.best.metrics[this.metric] as number)
    const position: Position = { step, epoch, metrics }
    if (best) this.best = position
    reporter.log('info', `Step ${step}: ${describe(metrics)}${best ? ', the best so far' : ''}.`)

    reporter.phase('saving')
    const { path, bytes } = await this.keeper.save(position, best)
    // Told at once, so that a run that fails or is killed later has them too; and before the checkpoint, which an
    // interrupted run takes up from the disk when its event was lost.
    if (best) emit(predictionsOf(scored))
    emit({ kind: 'checkpoint', at: systemClock.now(), ...position, path, bytes, best, last: true })
    await this.keeper.prune()
  }
}

/** Whether `value` is strictly better than `former`: the earlier checkpoint wins a draw. */
function improves(metric: RunConfig['metric_for_best_model'], value: number, former: number): boolean {
  return metric === 'eval/loss' ? value < former : value > former
}

function predictionsOf({ rows, predicted, gold, loss, scores }: ScoredRows): RunEvent {
  return {
    kind: 'predictions',
    rows: Array.from(rows),
    predicted: Array.from(predicted),
    gold: Array.from(gold),
    loss: Array.from(loss),
    scores: Array.from(scores),
  }
}

function describe(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join(', ')
}
