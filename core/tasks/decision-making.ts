import * as tf from '@tensorflow/tfjs-core'
import { bucketOf, lengthOrder } from '../data/batches.ts'
import type { TensorSpec, Tensors } from '../engine/engine.ts'
import type { DecisionHead, StepBatch } from '../models/architecture.ts'
import { smoothedCrossEntropy, sparseCrossEntropy, weightedMean } from '../nn/losses.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { uniform } from '../util/random.ts'
import { flat } from './feeds.ts'
import { type Outcome, tryOut } from './rollouts.ts'
import { batchOf, type Window } from './step-windows.ts'
import type { BatchLayout, Draw, Evaluate, Task, TaskBatch, TaskModel } from './task.ts'
import type { TrajectoryRows } from './trajectory-rows.ts'

/**
 * Decisions from trajectories: a row is an episode that somebody played; the model learns what was done at each step from
 * the states, the actions before it and the return that was still to come. Asked for a high return, it acts better than
 * what it has seen on average. Choices: softmax cross-entropy; numbers: mean squared error; averaged over the steps.
 * An evaluation also lets it act: validation row i is tried out in the episode of seed i, so that runs meet the same.
 */

/** What came of a row. `loss` and `right` are means over its steps; right is 0 for numbers. */
type ScoredEpisodes = {
  readonly rows: Int32Array
  readonly loss: Float64Array
  readonly right: Float64Array
  readonly steps: Float64Array
  /** Of the episode of this row: its return, and what chance and the expert get there. Empty without an environment. */
  readonly returns: Float64Array
  readonly chance: Float64Array
  readonly expert: Float64Array
  /** See contract/episodes.ts; as above. */
  readonly episodes: readonly string[]
  /** 1 where actions are choices. */
  readonly choices: Int32Array
}

export const decisionMaking: Task<TrajectoryRows, ScoredEpisodes> = {
  name: 'decision-making',
  headOf: ({ heads }) => heads.decisions,
  modelFields: () => ({}),
  batchSpecs,
  batch,
  trainingLoss(model, params, feeds, rng, total, { label_smoothing_factor: smoothing }) {
    const said = actionsOf(model, params, feeds, rng)
    const each = sizesOf(model).bounded
      ? squaredErrors(said, feeds)
      : smoothedCrossEntropy(said, flat(feeds.labels), smoothing)
    return weightedMean(each, flat(feeds.weights), total)
  },
  evaluation(model, params, feeds) {
    const said = actionsOf(model, params, feeds, null)
    const loss = sizesOf(model).bounded ? squaredErrors(said, feeds) : sparseCrossEntropy(said, flat(feeds.labels))
    return { actions: said, loss }
  },
  score,
  metrics,
  predictions: ({ rows, loss, returns, episodes }) => ({
    rows: Array.from(rows),
    loss: Array.from(loss),
    predicted: [],
    gold: [],
    scores: [],
    // Without an environment, what is left to judge by is how well the actions were told.
    ...(returns.length > 0
      ? { values: Array.from(returns), answers: [...episodes] }
      : { values: Array.from(loss, (value) => -value) }),
  }),
}

function sizesOf({ head, config }: TaskModel): ReturnType<DecisionHead<unknown>['sizes']> {
  return (head as DecisionHead<unknown>).sizes(config)
}

function batchSpecs(batchSize: number, length: number, _config: unknown, model: TaskModel): Record<string, TensorSpec> {
  const { states, actions, bounded } = sizesOf(model)
  const numbers: TensorSpec = { shape: [batchSize, length], dtype: 'float32' }
  const ints: TensorSpec = { shape: [batchSize, length], dtype: 'int32' }
  return {
    states: { shape: [batchSize, length, states], dtype: 'float32' },
    actions: { shape: [batchSize, length, actions], dtype: 'float32' },
    returns_to_go: numbers,
    timesteps: ints,
    attention_mask: ints,
    ...(!bounded && { labels: ints }),
    weights: numbers,
  }
}

/** Of the generator that draws where windows begin. */
const windowStream = 31

function batch(
  encoded: TrajectoryRows,
  positions: Int32Array,
  { buckets, batchSize }: BatchLayout,
  _config: unknown,
  draw: Draw | null,
): TaskBatch {
  const windows = Array.from(positions, (position) => windowAt(encoded, position, draw))
  const length = bucketOf(Math.max(...windows.map((window) => window.length)), buckets)
  return batchOf(windows, length, batchSize, encoded.facts)
}

/**
 * A window of the trajectory at a position: drawn anywhere in it while training; else those of a trajectory lie end to
 * end, and the last, which begins before the end of the one before it, only counts what is new.
 */
function windowAt(encoded: TrajectoryRows, position: number, draw: Draw | null): Window {
  const { facts, lengths, trajectories, parts, starts } = encoded
  const trajectory = trajectories[position] as number
  const begin = starts[trajectory] as number
  const whole = (starts[trajectory + 1] as number) - begin
  const length = lengths[position] as number
  const latest = whole - length
  const tiled = (parts[position] as number) * length
  const first =
    draw === null
      ? Math.min(tiled, latest)
      : Math.floor(uniform(draw.seed, windowStream, draw.epoch, position) * (latest + 1))
  const rows = (values: Float32Array, width: number) =>
    values.subarray((begin + first) * width, (begin + first + length) * width)
  return {
    states: rows(encoded.states, facts.stateSize),
    actions: rows(encoded.actions, facts.actionNumbers),
    returnsToGo: rows(encoded.returnsToGo, 1),
    firstStep: first,
    length,
    counted: draw === null ? length - (tiled - first) : length,
  }
}

/** [batch·length, action numbers] */
function actionsOf({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null): tf.Tensor {
  const steps: StepBatch = {
    states: feeds.states as tf.Tensor,
    actions: feeds.actions as tf.Tensor,
    returnsToGo: feeds.returns_to_go as tf.Tensor,
    timesteps: feeds.timesteps as tf.Tensor,
    attentionMask: feeds.attention_mask as tf.Tensor,
  }
  return (head as DecisionHead<unknown>).actions(config, params, steps, rng)
}

/** Mean over the numbers of each action, [batch·length]. */
function squaredErrors(said: tf.Tensor, { actions }: Tensors): tf.Tensor {
  return tf.mean(tf.square(tf.sub(said, tf.reshape(actions as tf.Tensor, said.shape))), -1)
}

function score(
  encoded: TrajectoryRows,
  layout: BatchLayout,
  config: { readonly context_length: number },
  evaluate: Evaluate,
  onRows: (done: number, total: number) => void,
): ScoredEpisodes {
  const { rows, facts, trajectories } = encoded
  const outcomes = tryOut(encoded, layout, config, evaluate, (done) => onRows(done, 2 * rows.length))
  const loss = new Float64Array(rows.length)
  const right = new Float64Array(rows.length)
  const steps = new Float64Array(rows.length)
  let windows = 0
  for (const positions of lengthOrder(encoded, layout.batchSize)) {
    const built = batch(encoded, positions, layout, config, null)
    const output = evaluate(built)
    const labels = built.feeds.labels
    const weights = built.feeds.weights as Float32Array
    positions.forEach((position, i) => {
      const place = trajectories[position] as number
      for (let at = i * built.length; at < (i + 1) * built.length; at++) {
        if (weights[at] === 0) continue
        loss[place] = (loss[place] as number) + (output.loss?.[at] as number)
        steps[place] = (steps[place] as number) + 1
        if (!labels) continue
        const said = (output.actions as Float32Array).subarray(at * facts.actionNumbers, (at + 1) * facts.actionNumbers)
        const hit = said.indexOf(Math.max(...said)) === labels[at]
        right[place] = (right[place] as number) + Number(hit)
      }
    })
    windows += positions.length
    onRows(rows.length * (1 + windows / trajectories.length), 2 * rows.length)
  }
  const outcome = (of: (one: Outcome) => number) => Float64Array.from(outcomes, of)
  return {
    rows,
    loss: loss.map((sum, i) => sum / (steps[i] as number)),
    right: right.map((sum, i) => sum / (steps[i] as number)),
    steps,
    returns: outcome((one) => one.return),
    chance: outcome((one) => one.chance),
    expert: outcome((one) => one.expert),
    episodes: outcomes.map(({ record }) => record),
    choices: new Int32Array(rows.length).fill(Number(facts.choices)),
  }
}

/**
 * Loss and share right over all steps; the mean return of the episodes, and the same where chance gets 0 and the expert
 * 100 (as D4RL normalises, Fu et al. 2020).
 */
function metrics({ loss, right, steps, returns, chance, expert, choices }: ScoredEpisodes): Record<string, number> {
  const all = steps.reduce((a, b) => a + b, 0)
  const overSteps = (values: Float64Array) =>
    values.reduce((sum, value, i) => sum + value * (steps[i] as number), 0) / all
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length
  const tried = returns.length > 0
  const apart = mean(expert) - mean(chance)
  return {
    'eval/loss': overSteps(loss),
    ...(choices[0] === 1 && { 'eval/accuracy': overSteps(right) }),
    ...(tried && { 'eval/return': mean(returns) }),
    ...(tried && apart > 0 && { 'eval/score': (100 * (mean(returns) - mean(chance))) / apart }),
  }
}
