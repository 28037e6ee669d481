import type { Run } from '../contract/domain.ts'
import type { Preflight, TimeForecast } from '../contract/preflight.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { DecidedRun } from './new-run.ts'

/** Settings that the time of a step depends on. */
const decisive = [
  ...(['task', 'method', 'max_length', 'packing', 'engine', 'optim', 'num_frozen_layers', 'dropout'] as const),
  ...(['per_device_train_batch_size', 'gradient_accumulation_steps', 'gradient_checkpointing'] as const),
  ...(['lora_r', 'lora_dropout', 'target_modules'] as const),
] satisfies (keyof RunConfig)[]

const shapeOf = (config: RunConfig, model: string, dataset: string, precision: string | undefined) =>
  JSON.stringify([model, dataset, precision, ...decisive.map((name) => config[name] ?? null)])

/** Runs with the same key take the same time for a step. */
export function paceKey({ config, model, dataset }: DecidedRun, { precision }: Pick<Preflight, 'precision'>): string {
  return shapeOf(config, model.id, dataset.id, precision)
}

/** Milliseconds that a step of the newest such run took on average; null where there was none. */
export function earlierStepMs(
  runs: readonly Run[],
  decided: DecidedRun,
  precision: Preflight['precision'],
): number | null {
  const wanted = paceKey(decided, { precision })
  const such = runs
    .filter(({ config, model, dataset, engine }) => shapeOf(config, model.id, dataset.id, engine?.precision) === wanted)
    .filter(({ timings }) => timings !== null && timings.steps > 0)
    .sort((a, b) => b.createdAt - a.createdAt)
  const timings = such[0]?.timings
  return timings ? (1000 * timings.seconds) / timings.steps : null
}

/** The same run where a step takes `stepMs`: evaluation is as much faster or slower as training is. */
export function atPace(time: TimeForecast, stepMs: number, source: 'steps' | 'run'): TimeForecast {
  const ratio = time.stepMs > 0 ? stepMs / time.stepMs : 1
  const trainingSeconds = time.trainingSeconds * ratio
  const evaluatingSeconds = time.evaluatingSeconds * ratio
  const { startingSeconds, savingSeconds } = time
  const seconds = startingSeconds + trainingSeconds + evaluatingSeconds + savingSeconds
  const tokensPerSecond = time.tokensPerSecond / ratio
  return { ...time, seconds, trainingSeconds, evaluatingSeconds, stepMs, tokensPerSecond, source }
}
