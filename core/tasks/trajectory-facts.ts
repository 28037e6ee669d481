import { environmentNamed } from '../environments/registry.ts'
import type { PrepareConfig, Reading } from './task.ts'
import type { Trajectory } from './trajectory-rows.ts'

/** What is the same for all trajectories of a run, its model's own word first. */
export interface Facts {
  readonly stateSize: number
  /** Numbers of an action as the model reads it: choices, or the numbers themselves. */
  readonly actionNumbers: number
  /** Whether actions are choices. */
  readonly choices: boolean
  /** Of each number of a state. */
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
  /** Returns are divided by it. */
  readonly scale: number
  /** The return that an episode is begun with. */
  readonly target: number
  /** Empty where there is none to try a policy out in. */
  readonly env: string
}

/** Numbers that hardly vary are left as they are. */
const leastDeviation = 1e-6

/**
 * What config.json of a model that was trained on trajectories says of all this; null where it does not. The target is the
 * setting's, else the one that it was trained with.
 */
export function factsWritten(
  modelConfig: Reading['modelConfig'],
  { target_return: wanted }: Pick<PrepareConfig, 'target_return'>,
): Facts | null {
  const { state_dim: stateSize, act_dim: actionNumbers, action_tanh: bounded = true } = modelConfig
  const {
    state_mean: mean,
    state_std: deviation,
    return_scale: scale,
    target_return: target,
    environment,
  } = modelConfig
  if (typeof stateSize !== 'number' || typeof actionNumbers !== 'number') return null
  if (!isList(mean, stateSize) || !isList(deviation, stateSize)) return null
  if (typeof scale !== 'number' || typeof target !== 'number' || typeof environment !== 'string') return null
  const sizes = { stateSize, actionNumbers, choices: bounded === false }
  return { ...sizes, mean, deviation, scale, target: wanted ?? target, env: environment }
}

/**
 * Means and deviations of the states, and the scale of the returns: those of config.json where a model was trained on
 * trajectories before, else those of these. The target is the setting's, else the best return here.
 */
export function describeTrajectories(
  trajectories: readonly Trajectory[],
  modelConfig: Reading['modelConfig'],
  { target_return: wanted }: Pick<PrepareConfig, 'target_return'>,
): Facts {
  const first = trajectories[0] as Trajectory
  const stateSize = (first.states[0] as readonly number[]).length
  const choices = typeof first.actions[0] === 'number'
  const environment = environmentNamed(first.env)
  const returns = trajectories.map(({ rewards }) => rewards.reduce((a, b) => a + b, 0))
  const largest = Math.max(...returns.map(Math.abs))
  const { state_mean: mean, state_std: deviation, return_scale: scale } = modelConfig
  const known = isList(mean, stateSize) && isList(deviation, stateSize)
  const own = known ? { mean, deviation } : moments(trajectories, stateSize)
  return {
    stateSize,
    actionNumbers: choices
      ? (environment?.actions.count ?? (modelConfig.act_dim as number))
      : (first.actions[0] as readonly number[]).length,
    choices,
    ...own,
    scale: typeof scale === 'number' && scale > 0 ? scale : largest > 0 ? largest : 1,
    target: wanted ?? Math.max(...returns),
    env: first.env,
  }
}

function isList(value: unknown, length: number): value is number[] {
  return Array.isArray(value) && value.length === length && value.every((one) => Number.isFinite(one))
}

function moments(trajectories: readonly Trajectory[], size: number): Pick<Facts, 'mean' | 'deviation'> {
  const sums = new Float64Array(size)
  const squares = new Float64Array(size)
  let count = 0
  for (const { states } of trajectories) {
    for (const state of states) {
      count++
      for (const [i, value] of state.entries()) {
        sums[i] = (sums[i] as number) + value
        squares[i] = (squares[i] as number) + value * value
      }
    }
  }
  const mean = Array.from(sums, (sum) => sum / count)
  const deviation = Array.from(squares, (square, i) => {
    const spread = Math.sqrt(Math.max(0, square / count - (mean[i] as number) ** 2))
    return spread < leastDeviation ? 1 : spread
  })
  return { mean, deviation }
}
