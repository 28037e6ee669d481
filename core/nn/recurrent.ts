import * as tf from '@tensorflow/tfjs-core'
import { AttuneError } from '../contract/errors.ts'
import type { ParameterSpec } from '../models/architecture.ts'
import { dropout } from './dropout.ts'
import type { Params } from './params.ts'
import type { Rng } from './random.ts'

/**
 * What layers that go through time step by step have in common (lstm.ts, gru.ts): they lie on top of each other, each in
 * one direction or in both, with PyTorch's names of parameters. All inputs' products with a direction's weight are one
 * product; what is left for its steps is the cell's.
 */

export interface RecurrentSizes {
  readonly inputSize: number
  readonly hiddenSize: number
  readonly layers: number
  readonly bidirectional: boolean
}

export interface RecurrentOptions {
  /** int32 [batch]: a row's real steps, from the left. Null where all are. */
  readonly lengths?: tf.Tensor | null
  /** Between layers. */
  readonly dropout?: number
  /** Null turns dropout off. */
  readonly rng?: Rng | null
  /**
   * float32 [batch, steps], 1 where a step says nothing (its output is zero) and leaves a state of zeros behind: how
   * several texts share a row. Null where none does.
   */
  readonly resets?: tf.Tensor | null
}

/** What a direction's steps work on. */
export interface Recurrence {
  /** The inputs' products [batch, steps, gates·units], without a bias. */
  readonly projected: tf.Tensor
  /** [gates·units, units] */
  readonly weight: tf.Tensor
  /** [gates·units] */
  readonly biasIh: tf.Tensor
  /** [gates·units] */
  readonly biasHh: tf.Tensor
  /** What to begin with, each [batch, units]. */
  readonly state: readonly tf.Tensor[]
  /** int32 [batch] */
  readonly lengths: tf.Tensor | null
  /** Whether it reads from the end to the beginning. */
  readonly reverse: boolean
}

/** One direction of a layer: y [batch, steps, units], zero behind a row's end, and its state there, each [batch, units]. */
export interface Directed {
  readonly y: tf.Tensor
  readonly state: readonly tf.Tensor[]
}

/** A kind of layer. */
export interface Cell {
  /** With its article, for sentences. */
  readonly name: string
  /** How many of a weight's rows a unit has. */
  readonly gates: number
  /** How many tensors its state is. */
  readonly states: number
  /** Inputs of a step [gates·units], in place of its own, after which the state is zero whatever it was. */
  emptying(units: number, biasIh: tf.Tensor): tf.Tensor
  run(recurrence: Recurrence): Directed
}

/** What a gate is given to be shut: beyond whatever else is added to it. */
export const shut = -1e6

/** The parameters of such layers as PyTorch names them, and begins them: evenly within ±1/√units. */
export function recurrentParameters(
  gates: number,
  { inputSize, hiddenSize, layers, bidirectional }: RecurrentSizes,
): Record<string, ParameterSpec> {
  const init = { kind: 'uniform', bound: 1 / Math.sqrt(hiddenSize) } as const
  const spec = (...shape: number[]): ParameterSpec => ({ shape, dtype: 'float32', init })
  const rows = gates * hiddenSize
  const ends = bidirectional ? ['', '_reverse'] : ['']
  return Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
      ends.flatMap((end) => [
        [`weight_ih_l${layer}${end}`, spec(rows, layer === 0 ? inputSize : ends.length * hiddenSize)],
        [`weight_hh_l${layer}${end}`, spec(rows, hiddenSize)],
        [`bias_ih_l${layer}${end}`, spec(rows)],
        [`bias_hh_l${layer}${end}`, spec(rows)],
      ]),
    ),
  )
}

/**
 * x [batch, steps, in] → y [batch, steps, directions·units], zero behind a row's end, and the state at each row's end,
 * each part of it [layers·directions, batch, units], forwards before backwards. Layers and directions are those that
 * there are parameters for. Behind a row's end its state stays as it is, and read backwards a row begins at its end: what
 * packed sequences are for in PyTorch. `state` is what to begin with; null for zeros.
 * Throws AttuneError bad_request where shapes do not fit.
 */
export function recurrentLayers(
  cell: Cell,
  params: Params,
  x: tf.Tensor,
  state: readonly tf.Tensor[] | null,
  { lengths = null, dropout: rate = 0, rng = null, resets = null }: RecurrentOptions,
): Directed {
  const places = directionsOf(cell, params)
  checkShapes(cell, params, places, x, lengths, state)
  const ends: Directed[] = []
  let y = x
  for (const [layer, directions] of places.entries()) {
    const read = layer === 0 ? y : dropout(y, rate, rng)
    const outputs = directions.map((place, direction) => {
      const begin = state?.map((part) => row(part, layer * directions.length + direction)) ?? null
      const output = cell.run(recurrenceOf(cell, params, place, read, begin, { lengths, resets }, direction === 1))
      ends.push(output)
      return output.y
    })
    y = outputs.length === 1 ? (outputs[0] as tf.Tensor) : tf.concat(outputs, 2)
  }
  const parts = Array.from({ length: cell.states }, (_, part) => ends.map((end) => end.state[part] as tf.Tensor))
  return { y, state: parts.map((part) => tf.stack(part)) }
}

/** The ends of the parameters' names, by layer and direction: "l0", "l0_reverse". */
function directionsOf({ name }: Cell, params: Params): string[][] {
  const places: string[][] = []
  for (let layer = 0; params.has(`weight_ih_l${layer}`); layer++) {
    places.push([`l${layer}`, `l${layer}_reverse`].filter((place) => params.has(`weight_ih_${place}`)))
  }
  if (places.length > 0) return places
  throw new AttuneError('bad_request', `There are no parameters of ${name} at "${params.path}".`)
}

function checkShapes(
  { name, gates }: Cell,
  params: Params,
  places: readonly (readonly string[])[],
  x: tf.Tensor,
  lengths: tf.Tensor | null,
  state: readonly tf.Tensor[] | null,
): void {
  const demand = (what: string, shape: readonly number[], wanted: readonly number[]) => {
    if (shape.length === wanted.length && wanted.every((size, axis) => size === shape[axis])) return
    const problem = `${what} given to ${name} has the shape [${shape}] where [${wanted}] is needed.`
    throw new AttuneError('bad_request', problem)
  }
  const [batch, steps] = x.shape as [number, number, number]
  const width = params.get('weight_ih_l0').shape[1] as number
  const units = params.get('weight_hh_l0').shape[1] as number
  demand('The weight', params.get('weight_hh_l0').shape, [gates * units, units])
  demand('The input', x.shape, [batch, steps, width])
  if (lengths) demand('The list of lengths', lengths.shape, [batch])
  for (const part of state ?? []) demand('The state', part.shape, [places.flat().length, batch, units])
}

function recurrenceOf(
  cell: Cell,
  params: Params,
  place: string,
  x: tf.Tensor,
  begin: readonly tf.Tensor[] | null,
  { lengths, resets }: { lengths: tf.Tensor | null; resets: tf.Tensor | null },
  reverse: boolean,
): Recurrence {
  const [batch, steps, width] = x.shape as [number, number, number]
  const weight = params.get(`weight_hh_${place}`)
  const [rows, units] = weight.shape as [number, number]
  const inputs = tf.reshape(x, [batch * steps, width]) as tf.Tensor2D
  const product = tf.matMul(inputs, params.get(`weight_ih_${place}`) as tf.Tensor2D, false, true)
  const bias = (name: string) => (params.has(name) ? params.get(name) : tf.zeros([rows]))
  const biasIh = bias(`bias_ih_${place}`)
  const projected = resets ? emptied(product, tf.reshape(resets, [-1, 1]), cell.emptying(units, biasIh)) : product
  return {
    projected: tf.reshape(projected, [batch, steps, rows]),
    weight,
    biasIh,
    biasHh: bias(`bias_hh_${place}`),
    state: begin ?? Array.from({ length: cell.states }, () => tf.zeros([batch, units])),
    lengths,
    reverse,
  }
}

/** `emptying` [rows] in place of the rows of `product` [batch·steps, rows] where `resets` [batch·steps, 1] is 1. */
function emptied(product: tf.Tensor, resets: tf.Tensor, emptying: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(product, tf.sub(1, resets)), tf.mul(resets, tf.reshape(emptying, [1, -1])))
}

/** The rows' lengths as int32 [batch], for operations that want them. */
export function lengthsOf({ projected, lengths }: Recurrence): tf.Tensor {
  const [batch, steps] = projected.shape as [number, number, number]
  return lengths ?? tf.fill([batch], steps, 'int32')
}

/** [batch, steps, width] → [batch·steps, width] */
export function flattened(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, x.shape.at(-1) as number]) as tf.Tensor2D
}

/**
 * The recurrence step by step in tfjs's operations. `next` makes of a step's inputs [batch, gates·units] and the state
 * before it the state after it, whose first part is h.
 */
export function stepByStep(
  { projected, state, lengths, reverse }: Recurrence,
  next: (inputs: tf.Tensor, state: readonly tf.Tensor[]) => readonly tf.Tensor[],
): Directed {
  const [batch, steps, rows] = projected.shape as [number, number, number]
  // tfjs has no gradient of taking one apart into one.
  const inputs = steps === 1 ? [tf.reshape(projected, [batch, rows])] : tf.unstack(projected, 1)
  const ys: tf.Tensor[] = []
  let present = state
  for (const step of reverse ? [...inputs.keys()].reverse() : inputs.keys()) {
    const after = next(inputs[step] as tf.Tensor, present)
    if (lengths) {
      // 1 where the row is not at its end yet.
      const living = tf.reshape(tf.cast(tf.greater(lengths, tf.scalar(step, 'int32')), 'float32'), [-1, 1])
      const ended = tf.sub(1, living)
      ys[step] = tf.mul(living, after[0] as tf.Tensor)
      present = present.map((part, i) => tf.add(tf.mul(living, after[i] as tf.Tensor), tf.mul(ended, part)))
    } else {
      ys[step] = after[0] as tf.Tensor
      present = after
    }
  }
  return { y: tf.stack(ys, 1), state: present }
}

/** [layers·directions, batch, units] → [batch, units] */
function row(state: tf.Tensor, index: number): tf.Tensor {
  const [, batch, units] = state.shape as [number, number, number]
  return tf.reshape(tf.slice(state, [index, 0, 0], [1, batch, units]), [batch, units])
}
