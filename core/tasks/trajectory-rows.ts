import type { DatasetRow } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Examples } from '../data/batches.ts'
import type { RowStore } from '../data/row-store.ts'
import { environmentNamed, environmentNames } from '../environments/registry.ts'
import { unlabelledSides } from './row-sides.ts'
import type { InputReading, Preparation, PrepareConfig, PreparedData, Reading } from './task.ts'
import { describeTrajectories, type Facts, factsWritten } from './trajectory-facts.ts'

/**
 * Trajectories as they are learnt from: what was seen, done and still to come of each step, one trajectory after the
 * other. A sequence is a window of at most context_length steps; a trajectory has as many as cover it.
 */
export interface TrajectoryRows extends Examples {
  /** Of each sequence: its trajectory, by place in `rows`, and which of the trajectory's it is. */
  readonly trajectories: Int32Array
  readonly parts: Int32Array
  /** Where the steps of each trajectory begin, and the end of all. */
  readonly starts: Int32Array
  /** float32 [steps, state numbers], normalised */
  readonly states: Float32Array
  /** float32 [steps, action numbers]; a choice is one-hot */
  readonly actions: Float32Array
  /** float32 [steps]: rewards still to come, scaled */
  readonly returnsToGo: Float32Array
  /** Of each row: the episode that it is tried out in, and the return that this is begun with. */
  readonly seeds: Int32Array
  readonly targets: Float64Array
  readonly facts: Facts
}

/** A row as it was read. */
export interface Trajectory {
  readonly states: readonly (readonly number[])[]
  /** Choices by number, or the numbers of each action. */
  readonly actions: readonly (number | readonly number[])[]
  readonly rewards: readonly number[]
  /** Empty where none is given. */
  readonly env: string
}

export const trajectoryRows: Preparation<TrajectoryRows> = { prepare, inputs }

/**
 * Throws AttuneError: bad_data (rows that are no trajectories, or not of one kind; too few of them), unsupported (an
 * environment that is not known), bad_config (a model of other sizes).
 */
function prepare(
  store: RowStore,
  _labels: readonly string[],
  { modelConfig }: Reading,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
): PreparedData<TrajectoryRows> {
  const { train, validation } = unlabelledSides(store, config, 'trajectories')
  const total = train.length + validation.length
  let done = 0
  const read = (rows: Int32Array) =>
    Array.from(rows, (row) => {
      const trajectory = readTrajectory(store.read(row))
      onRow(++done, total)
      return trajectory
    })
  const learnt = read(train)
  const held = read(validation)
  checkAlike([...learnt, ...held], [...train, ...validation])
  const facts = describeTrajectories(learnt, modelConfig, config)
  checkFits([...learnt, ...held], facts, modelConfig)
  const side = (rows: Int32Array, trajectories: readonly Trajectory[]) =>
    flattened(rows, trajectories, facts, config.context_length)
  return {
    train: side(train, learnt),
    validation: side(validation, held),
    truncatedShare: 0,
    fields: {
      state_mean: facts.mean,
      state_std: facts.deviation,
      return_scale: facts.scale,
      target_return: facts.target,
      // Empty where there is none: a base model's own is not to stand for it.
      environment: facts.env,
    },
  }
}

/**
 * Episodes that a person asks for: each row's text is the number of one, `target_return` the return that it is begun
 * with. Nothing is known of their steps, which stand as zeros. Throws AttuneError: bad_data (no such number),
 * unsupported (nothing to act in).
 */
function inputs(
  asked: readonly DatasetRow[],
  _labels: readonly string[],
  { modelConfig, dataset }: InputReading,
  config: PrepareConfig,
): TrajectoryRows {
  // Whole checkpoints say it in their own config.json; what others lean on says it of earlier training, if at all.
  const written = config.method === 'full' ? factsWritten(modelConfig, config) : null
  const facts = written ?? factsOf(dataset(), modelConfig, config)
  if (!environmentNamed(facts.env)) {
    const message =
      'This run learnt from episodes of a world that is not known here: there is nothing to let it act in. Compare it by its loss, or learn from rows with an environment.'
    throw new AttuneError('unsupported', message)
  }
  const nothing = (width: number) => new Float32Array(asked.length * config.context_length * width)
  return {
    rows: Int32Array.from(asked, ({ row }) => row),
    lengths: new Int32Array(asked.length).fill(config.context_length),
    trajectories: Int32Array.from(asked.keys()),
    parts: new Int32Array(asked.length),
    starts: Int32Array.from({ length: asked.length + 1 }, (_, i) => i * config.context_length),
    states: nothing(facts.stateSize),
    actions: nothing(facts.actionNumbers),
    returnsToGo: nothing(1),
    seeds: Int32Array.from(asked, ({ text }) => episodeNumber(text)),
    targets: Float64Array.from(asked, ({ fields }) => returnAsked(fields?.target_return) ?? facts.target),
    facts,
  }
}

function episodeNumber(text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isInteger(number) && number >= 0 && number < 2 ** 31) return number
  throw new AttuneError('bad_data', `"${text}" is no number of an episode: give a whole one, such as 0 or 7.`)
}

function returnAsked(text: string | undefined): number | null {
  if (text === undefined || text.trim() === '') return null
  const value = Number(text)
  if (Number.isFinite(value)) return value
  throw new AttuneError('bad_data', `The return "${text}" is no number.`)
}

/** What a run's training rows say, as `prepare` finds it. */
function factsOf(store: RowStore, modelConfig: Reading['modelConfig'], config: PrepareConfig): Facts {
  const { train } = unlabelledSides(store, config, 'trajectories')
  const learnt = Array.from(train, (row) => readTrajectory(store.read(row)))
  return describeTrajectories(learnt, modelConfig, config)
}

/** Throws AttuneError bad_data naming the row. */
export function readTrajectory({ row, line, text, fields = {} }: DatasetRow): Trajectory {
  const wrong = (what: string) => new AttuneError('bad_data', `Row ${row} (line ${line}) is no trajectory: ${what}.`)
  const list = (name: string, json: string | undefined): unknown[] => {
    try {
      const value: unknown = JSON.parse(json ?? '')
      if (Array.isArray(value)) return value
    } catch {
      // Said below.
    }
    throw wrong(`its ${name} are no list, such as [[0.1, 0.2], [0.3, 0.4]]`)
  }
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
  const areNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber)
  const states = list('states', fields.states ?? text)
  const actions = list('actions', fields.actions)
  const rewards = list('rewards', fields.rewards)
  if (states.length === 0) throw wrong('it has no steps')
  if (states.length !== actions.length || states.length !== rewards.length) {
    throw wrong(`it has ${states.length} states, ${actions.length} actions and ${rewards.length} rewards`)
  }
  if (!states.every(areNumbers)) throw wrong('a state is no list of numbers')
  if (!areNumbers(rewards)) throw wrong('a reward is no number')
  if (!actions.every((action): action is number | number[] => areNumbers(action) || isChoice(action))) {
    throw wrong('an action is neither the number of a choice (0, 1, …) nor a list of numbers')
  }
  return { states, actions, rewards, env: (fields.env ?? '').trim() }
}

function isChoice(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}

/** Every state has as many numbers as the first, and so has every action; there is one environment. */
function checkAlike(trajectories: readonly Trajectory[], rows: readonly number[]): void {
  const first = trajectories[0] as Trajectory
  const width = (action: number | readonly number[] | undefined) =>
    typeof action === 'object' ? action.length : 'a choice'
  const kind = `${first.states[0]?.length} numbers a state, ${width(first.actions[0])} an action`
  for (const [i, { states, actions, env }] of trajectories.entries()) {
    const odd = states.findIndex(
      (state, step) => `${state.length} numbers a state, ${width(actions[step])} an action` !== kind,
    )
    if (odd >= 0) {
      const message = `Row ${rows[i]}, step ${odd}: ${states[odd]?.length} numbers a state, ${width(actions[odd])} an action, where the first row has ${kind}. All rows have to be alike.`
      throw new AttuneError('bad_data', message)
    }
    if (env !== first.env) {
      const message = `Row ${rows[i]} comes from the environment "${env}", the first from "${first.env}". A dataset has one.`
      throw new AttuneError('bad_data', message)
    }
  }
  if (first.env !== '' && !environmentNamed(first.env)) {
    const message = `The environment "${first.env}" is not known here; known are ${environmentNames.join(', ')}. Leave the column out to learn from the trajectories alone.`
    throw new AttuneError('unsupported', message)
  }
}

/** The model's sizes are the data's. */
function checkFits(trajectories: readonly Trajectory[], facts: Facts, modelConfig: Reading['modelConfig']): void {
  const refuse = (message: string) => new AttuneError('bad_config', message)
  const { state_dim, act_dim, max_ep_len: most = 4096, action_tanh = true } = modelConfig
  if (state_dim !== facts.stateSize) {
    throw refuse(
      `A state has ${facts.stateSize} numbers, but this model reads ${state_dim} (state_dim in config.json).`,
    )
  }
  if (facts.choices === Boolean(action_tanh)) {
    const [there, wanted] = facts.choices ? ['choices', 'numbers within −1 and 1'] : ['numbers', 'choices']
    throw refuse(
      `The actions are ${there}, but this model gives ${wanted} (action_tanh in config.json is ${action_tanh}).`,
    )
  }
  const environment = environmentNamed(facts.env)
  const largest = trajectories.reduce(
    (most, { actions }) =>
      actions.reduce<number>((most, action) => Math.max(most, ...[action].flat().map(Math.abs)), most),
    0,
  )
  const count = facts.choices ? (environment?.actions.count ?? largest + 1) : facts.actionNumbers
  if (count !== act_dim || (facts.choices && largest >= act_dim)) {
    const what = facts.choices ? 'choices' : 'numbers an action'
    throw refuse(
      `There are ${Math.max(count, facts.choices ? largest + 1 : 0)} ${what}, but this model has ${act_dim} (act_dim in config.json).`,
    )
  }
  if (!facts.choices && largest > 1) {
    throw new AttuneError('bad_data', `An action is ${largest}: numbers have to lie within −1 and 1. Scale them.`)
  }
  const longest = Math.max(environment?.mostSteps ?? 0, ...trajectories.map(({ states }) => states.length))
  if (longest > (most as number)) {
    throw refuse(
      `An episode has up to ${longest} steps, but this model counts only ${most} (max_ep_len in config.json).`,
    )
  }
}

function flattened(
  rows: Int32Array,
  trajectories: readonly Trajectory[],
  facts: Facts,
  contextLength: number,
): TrajectoryRows {
  const { stateSize, mean, deviation, scale, choices } = facts
  const width = facts.actionNumbers
  const starts = new Int32Array(trajectories.length + 1)
  for (const [i, { states }] of trajectories.entries()) starts[i + 1] = (starts[i] as number) + states.length
  const steps = starts.at(-1) as number
  const states = new Float32Array(steps * stateSize)
  const actions = new Float32Array(steps * width)
  const returnsToGo = new Float32Array(steps)
  for (const [i, trajectory] of trajectories.entries()) {
    let left = 0
    for (let step = trajectory.states.length - 1; step >= 0; step--) {
      const at = (starts[i] as number) + step
      left += trajectory.rewards[step] as number
      returnsToGo[at] = left / scale
      states.set(normalised(trajectory.states[step] as readonly number[], mean, deviation), at * stateSize)
      const action = trajectory.actions[step] as number | readonly number[]
      if (choices) actions[at * width + (action as number)] = 1
      else actions.set(action as readonly number[], at * width)
    }
  }
  const windows = trajectories.flatMap(({ states: { length } }, trajectory) =>
    Array.from({ length: Math.ceil(length / contextLength) }, (_, part) => {
      return { trajectory, part, length: Math.min(length, contextLength) }
    }),
  )
  return {
    rows,
    lengths: Int32Array.from(windows, ({ length }) => length),
    trajectories: Int32Array.from(windows, ({ trajectory }) => trajectory),
    parts: Int32Array.from(windows, ({ part }) => part),
    starts,
    states,
    actions,
    returnsToGo,
    seeds: rows,
    targets: new Float64Array(rows.length).fill(facts.target),
    facts,
    bytes: 4 * (states.length + actions.length + returnsToGo.length),
  }
}

/** What a model is told of a state. */
export function normalised(state: readonly number[], mean: readonly number[], deviation: readonly number[]): number[] {
  return state.map((value, i) => (value - (mean[i] as number)) / (deviation[i] as number))
}
