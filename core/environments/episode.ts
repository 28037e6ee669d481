import { uniform } from '../util/random.ts'
import type { Action, Environment, Random } from './environment.ts'

/** An episode under way, or at its end. What is left to chance depends on the seed and the step alone. */
export class Episode {
  readonly environment: Environment
  readonly seed: number
  /** Of each step: what was seen before it, what was done, and what it brought. */
  readonly states: number[][] = []
  readonly actions: Action[] = []
  readonly rewards: number[] = []
  /** What pictures are drawn from, the beginning's first. */
  readonly frames: number[][] = []
  readonly scene: Readonly<Record<string, unknown>>
  done = false
  private state: unknown

  constructor(environment: Environment, seed: number) {
    this.environment = environment
    this.seed = seed
    this.state = environment.begin(seed)
    this.scene = environment.scene(this.state)
    this.frames.push(environment.frame(this.state))
  }

  /** What is seen now. */
  get observation(): number[] {
    return this.environment.observe(this.state)
  }

  /** Which choices are allowed now; null for all. */
  get allowed(): boolean[] | null {
    return this.environment.allowed?.(this.state) ?? null
  }

  get return(): number {
    return this.rewards.reduce((a, b) => a + b, 0)
  }

  get expert(): Action {
    return this.environment.expert(this.state, this.random(2))
  }

  /** Any action at all, by the seed and the step. */
  get anything(): Action {
    const draw = this.random(3)
    const { kind, count } = this.environment.actions
    if (kind === 'numbers') return Array.from({ length: count }, () => 2 * draw() - 1)
    const { allowed } = this
    const choices = Array.from({ length: count }, (_, choice) => choice).filter((choice) => allowed?.[choice] ?? true)
    return choices[Math.floor(draw() * choices.length)] as number
  }

  act(action: Action): void {
    if (this.done) throw new Error('the episode is over')
    this.states.push(this.observation)
    const { state, reward, done } = this.environment.step(this.state, action, this.random(1))
    this.state = state
    this.actions.push(action)
    this.rewards.push(reward)
    this.frames.push(this.environment.frame(state))
    this.done = done || this.rewards.length === this.environment.mostSteps
  }

  private random(stream: number): Random {
    let count = 0
    return () => uniform(this.seed, 100 + stream, this.rewards.length, count++)
  }
}

/** A whole episode by a policy. */
export function play(environment: Environment, seed: number, policy: (episode: Episode) => Action): Episode {
  const episode = new Episode(environment, seed)
  while (!episode.done) episode.act(policy(episode))
  return episode
}
