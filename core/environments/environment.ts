/**
 * A small world of our own to act in: what trajectories come from and what is learnt from them is tried out in. All of it
 * is a pure function of a seed and the actions, so an episode can be played again from those alone.
 */
export interface Environment<State = unknown> {
  readonly name: string
  /** What a person reads. */
  readonly title: string
  /** Numbers of an observation. */
  readonly stateSize: number
  readonly actions: ActionSpace
  /** An episode ends after so many steps at the latest. */
  readonly mostSteps: number
  begin(seed: number): State
  /** What may be known of a state when acting: `stateSize` numbers. */
  observe(state: State): number[]
  /** Which choices are allowed in a state, by their number; all of them where this is absent. */
  allowed?(state: State): boolean[]
  /** What an action leads to. `draw` gives numbers in [0, 1) for what is left to chance. */
  step(state: State, action: Action, draw: Random): Step<State>
  /** What somebody who knows the world does. */
  expert(state: State, draw: Random): Action
  /** What a picture of the state is drawn from: see contract/episodes.ts. */
  frame(state: State): number[]
  /** What stays the same in all pictures of an episode. */
  scene(state: State): Readonly<Record<string, unknown>>
}

/** One of so many choices, or so many numbers within −1 and 1. */
export type ActionSpace =
  | { readonly kind: 'choice'; readonly count: number; readonly names: readonly string[] }
  | { readonly kind: 'numbers'; readonly count: number }

/** The number of a choice, or the numbers. */
export type Action = number | readonly number[]

export interface Step<State> {
  readonly state: State
  readonly reward: number
  readonly done: boolean
}

/** Numbers in [0, 1), one after the other. */
export type Random = () => number
