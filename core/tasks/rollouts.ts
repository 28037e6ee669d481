import type { EpisodeRecord } from '../contract/episodes.ts'
import type { Action } from '../environments/environment.ts'
import { Episode, play } from '../environments/episode.ts'
import { environmentNamed } from '../environments/registry.ts'
import { batchOf, type Window } from './step-windows.ts'
import type { BatchLayout, Evaluate } from './task.ts'
import type { Facts } from './trajectory-facts.ts'
import { normalised, type TrajectoryRows } from './trajectory-rows.ts'

/** What came of letting a model act. */
export interface Outcome {
  readonly return: number
  /** What chance and the expert get in the same episode. */
  readonly chance: number
  readonly expert: number
  /** An EpisodeRecord as JSON. */
  readonly record: string
}

/** An episode, and the return that it was begun with. */
interface Try {
  readonly episode: Episode
  readonly target: number
}

/**
 * The episode of each row, several at once through the evaluation program. None where the data has no environment. `onStep`
 * is told how many are over and may throw to stop.
 */
export function tryOut(
  { seeds, targets, facts }: Pick<TrajectoryRows, 'seeds' | 'targets' | 'facts'>,
  { buckets, batchSize }: BatchLayout,
  { context_length: contextLength }: { readonly context_length: number },
  evaluate: Evaluate,
  onStep: (over: number) => void,
): Outcome[] {
  const environment = environmentNamed(facts.env)
  if (!environment) return []
  const length = buckets.at(-1) as number
  const most = Math.min(length, contextLength)
  const tries = Array.from(seeds, (seed, i): Try => {
    return { episode: new Episode(environment, seed), target: targets[i] as number }
  })
  const waiting = [...tries]
  let playing: Try[] = []
  let over = 0
  for (;;) {
    playing = [...playing, ...waiting.splice(0, batchSize - playing.length)]
    if (playing.length === 0) break
    const windows = playing.map((one) => windowOf(one, facts, most))
    const { actions } = evaluate(batchOf(windows, length, batchSize, facts))
    for (const [i, { episode }] of playing.entries()) {
      const at = ((i + 1) * length - 1) * facts.actionNumbers
      const said = (actions as Float32Array).subarray(at, at + facts.actionNumbers)
      episode.act(facts.choices ? bestAllowed(said, episode.allowed) : Array.from(said))
    }
    const left = playing.filter(({ episode }) => !episode.done)
    over += playing.length - left.length
    playing = left
    onStep(over)
  }
  return tries.map(({ episode }) => ({
    return: episode.return,
    chance: play(environment, episode.seed, ({ anything }) => anything).return,
    expert: play(environment, episode.seed, ({ expert }) => expert).return,
    record: JSON.stringify(recordOf(episode)),
  }))
}

/** The last steps of an episode with the one that is to be taken, whose action nothing may look at. */
function windowOf({ episode, target }: Try, facts: Facts, most: number): Window {
  const { states, actions, rewards } = episode
  const now = rewards.length
  const first = Math.max(0, now + 1 - most)
  const length = now + 1 - first
  const seen = [...states.slice(first), episode.observation]
  const done = new Float32Array(length * facts.actionNumbers)
  for (const [i, action] of actions.slice(first).entries()) {
    if (facts.choices) done[i * facts.actionNumbers + (action as number)] = 1
    else done.set(action as readonly number[], i * facts.actionNumbers)
  }
  let left = target
  const toGo = [left, ...rewards.map((reward) => (left -= reward))]
  return {
    states: seen.flatMap((state) => normalised(state, facts.mean, facts.deviation)),
    actions: done,
    returnsToGo: toGo.slice(first).map((value) => value / facts.scale),
    firstStep: first,
    length,
    counted: 0,
  }
}

/** The choice with the largest logit among those that are allowed. */
function bestAllowed(logits: Float32Array, allowed: readonly boolean[] | null): Action {
  let best = -1
  for (const [choice, logit] of logits.entries()) {
    if (allowed && !allowed[choice]) continue
    if (best < 0 || logit > (logits[best] as number)) best = choice
  }
  return best
}

function recordOf({ environment, seed, scene, frames, actions, rewards, return: sum }: Episode): EpisodeRecord {
  const { actions: space } = environment
  const short = (value: number) => Number(value.toFixed(4))
  return {
    env: environment.name,
    seed,
    scene,
    frames: frames.map((frame) => frame.map(short)),
    actions: actions.map((action) => (typeof action === 'number' ? action : action.map(short))),
    names: space.kind === 'choice' ? [...space.names] : [],
    rewards: rewards.map(short),
    return: short(sum),
  }
}
