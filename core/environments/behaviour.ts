import { uniform } from '../util/random.ts'
import type { Action, Environment } from './environment.ts'
import { type Episode, play } from './episode.ts'

/**
 * Sample trajectories, constructed: episodes of policies between the expert's and chance, so that good and bad ones lie
 * side by side and the return tells them apart.
 */
export interface Trajectory {
  readonly env: string
  /** A line to know it by. */
  readonly name: string
  readonly states: readonly (readonly number[])[]
  readonly actions: readonly Action[]
  readonly rewards: readonly number[]
}

/** How often a policy does anything at all instead of what the expert does. */
const carelessness = [0, 0.25, 0.5, 1]

export function sampleTrajectories(environment: Environment, count: number, seed: number): Trajectory[] {
  return Array.from({ length: count }, (_, i) => {
    const share = carelessness[Math.floor(uniform(seed, i) * carelessness.length)] as number
    // Seeds of their own: what is learnt is tried out in others.
    const episode = play(environment, 1_000_000 + seed * 100_000 + i, (now) => mixed(now, share))
    const steps = episode.actions.length
    return {
      env: environment.name,
      name: `Episode ${i + 1}: return ${round(episode.return)} in ${steps} ${steps === 1 ? 'step' : 'steps'}`,
      states: episode.states.map((state) => state.map(round)),
      actions: episode.actions.map((action) => (typeof action === 'number' ? action : action.map(round))),
      rewards: episode.rewards.map(round),
    }
  })
}

function mixed(episode: Episode, share: number): Action {
  const careless = uniform(episode.seed, 7, episode.rewards.length) < share
  return careless ? episode.anything : episode.expert
}

function round(value: number): number {
  return Number(value.toFixed(4))
}

/** Mean returns of chance and of the expert over the same seeds: what 0 and 100 stand for. */
export function referenceReturns(
  environment: Environment,
  seeds: readonly number[],
): { chance: number; expert: number } {
  const mean = (policy: (episode: Episode) => Action) =>
    seeds.reduce((sum, seed) => sum + play(environment, seed, policy).return, 0) / seeds.length
  return { chance: mean((episode) => episode.anything), expert: mean((episode) => episode.expert) }
}
