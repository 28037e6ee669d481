import type { TaskBatch } from './task.ts'
import type { Facts } from './trajectory-facts.ts'

/** A window of a trajectory, or of an episode under way. */
export interface Window {
  /** Flat, of all steps of the window: see TrajectoryRows. */
  readonly states: ArrayLike<number>
  readonly actions: ArrayLike<number>
  readonly returnsToGo: ArrayLike<number>
  readonly firstStep: number
  readonly length: number
  /** The steps whose actions are learnt or judged: the last so many. */
  readonly counted: number
}

/** Windows side by side, each padded in front; the first fills up a short batch, without weight. */
export function batchOf(
  windows: readonly Window[],
  length: number,
  batchSize: number,
  { stateSize, actionNumbers, choices }: Pick<Facts, 'stateSize' | 'actionNumbers' | 'choices'>,
): TaskBatch {
  const size = batchSize * length
  const feeds = {
    states: new Float32Array(size * stateSize),
    actions: new Float32Array(size * actionNumbers),
    returns_to_go: new Float32Array(size),
    timesteps: new Int32Array(size),
    attention_mask: new Int32Array(size),
    weights: new Float32Array(size),
  }
  const labels = new Int32Array(size)
  let weight = 0
  let steps = 0
  for (let i = 0; i < batchSize; i++) {
    const window = windows[i < windows.length ? i : 0] as Window
    const at = (i + 1) * length - window.length
    feeds.states.set(window.states, at * stateSize)
    feeds.actions.set(window.actions, at * actionNumbers)
    feeds.returns_to_go.set(window.returnsToGo, at)
    for (let step = 0; step < window.length; step++) {
      feeds.timesteps[at + step] = window.firstStep + step
      feeds.attention_mask[at + step] = 1
      if (choices) {
        const one = Array.from({ length: actionNumbers }, (_, k) => window.actions[step * actionNumbers + k])
        labels[at + step] = Math.max(0, one.indexOf(1))
      }
    }
    if (i >= windows.length) continue
    feeds.weights.fill(1, (i + 1) * length - window.counted, (i + 1) * length)
    weight += window.counted
    steps += window.length
  }
  const examples = windows.length
  return { length, feeds: choices ? { ...feeds, labels } : feeds, weight, examples, tokens: 3 * steps }
}
