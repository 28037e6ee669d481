import type { Phase, Run } from '../../../core/contract/domain.ts'
import { formatDuration, formatPercent } from '../../ui/format.ts'

/** 0 to 1 over the whole run; null before its length is known. */
export function shareDone(run: Pick<Run, 'step' | 'plan'>): number | null {
  return run.plan && run.plan.totalSteps > 0 ? Math.min(1, run.step / run.plan.totalSteps) : null
}

/** Training time left, by the speed last measured; null when not running or before the first measure. */
export function remainingMs(run: Pick<Run, 'state' | 'step' | 'plan' | 'config' | 'metrics'>): number | null {
  const { config } = run
  const speed = run.metrics['perf/examples_per_second']?.last.value
  if (run.state !== 'running' || !run.plan || !speed || speed <= 0) return null
  const steps = Math.max(0, run.plan.totalSteps - run.step)
  return ((steps * config.per_device_train_batch_size * config.gradient_accumulation_steps) / speed) * 1000
}

const phaseWords: Record<Phase, string> = {
  starting: 'Starting the engine',
  loading: 'Loading the model',
  tokenizing: 'Tokenizing',
  compiling: 'Preparing programs',
  features: 'Reading all rows once',
  training: 'Training',
  evaluating: 'Evaluating',
  predicting: 'Predicting the validation rows',
  saving: 'Saving a checkpoint',
}

/** What the run is at, in a few words: "Training, step 120 of 360, about 2 min 05 s left". */
export function progressText(run: Run): string {
  if (run.state === 'queued') return 'Waits for the run before it'
  if (run.state === 'paused') return `Paused at ${stepText(run)}`
  if (run.state !== 'running') return stepText(run)
  if (run.stopRequested) return 'Stopping after this step'
  const words = phaseWords[run.phase ?? 'starting']
  if (run.phase !== 'training') {
    return run.phaseProgress === null ? words : `${words}, ${formatPercent(run.phaseProgress, 0)}`
  }
  const left = remainingMs(run)
  return `${words}, ${stepText(run)}${left === null ? '' : `, about ${formatDuration(left)} left`}`
}

export function stepText({ step, plan, epoch }: Pick<Run, 'step' | 'plan' | 'epoch'>): string {
  return plan ? `step ${step} of ${plan.totalSteps}, epoch ${epoch.toFixed(2)}` : `step ${step}`
}

/** From start to end, or to now while it runs, pauses not counted; null while it waits for its turn. */
export function elapsedMs(run: Pick<Run, 'state' | 'startedAt' | 'endedAt' | 'idleMs'>, now: number): number | null {
  if (run.startedAt === null || run.state === 'queued') return null
  return (run.endedAt ?? now) - run.startedAt - (run.idleMs ?? 0)
}
