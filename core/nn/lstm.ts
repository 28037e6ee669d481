import * as tf from '@tensorflow/tfjs-core'
import { AttuneError } from '../contract/errors.ts'
import type { ParameterSpec } from '../models/architecture.ts'
import { dropout } from './dropout.ts'
import { hasKernel, runKernel } from './kernel.ts'
import type { Params } from './params.ts'
import type { Rng } from './random.ts'

/**
 * Long short-term memory (Hochreiter, Schmidhuber 1997, with the forget gate of Gers et al. 2000), as torch.nn.LSTM has
 * it: layers on top of each other, each in one direction or in both, with PyTorch's names, gate order and two biases.
 *   i, f, g, o = σ, σ, tanh, σ of W_ih·x + b_ih + W_hh·h + b_hh;  c ← f·c + i·g;  h ← o·tanh c
 * All inputs' products with W_ih are one; what is left, step by step, is one operation where the engine has it
 * (engine/native/kernels/lstm.cc), in float32 whatever the precision of products.
 */

/** Of each layer, and in each of them forwards before backwards: both [layers·directions, batch, units]. */
export interface LstmState {
  readonly h: tf.Tensor
  readonly c: tf.Tensor
}

export interface LstmSizes {
  readonly inputSize: number
  readonly hiddenSize: number
  readonly layers: number
  readonly bidirectional: boolean
}

export interface LstmOptions {
  /** int32 [batch]: a row's real steps, from the left. Null where all are. */
  readonly lengths?: tf.Tensor | null
  /** What to begin with; zeros when absent. */
  readonly state?: LstmState | null
  /** Between layers. */
  readonly dropout?: number
  /** Null turns dropout off. */
  readonly rng?: Rng | null
}

/** A layer's gates, each as many rows of its weights. */
const gates = 4

/** Its parameters as torch.nn.LSTM names them, and begins them: evenly within ±1/√units. */
export function lstmParameters({
  inputSize,
  hiddenSize,
  layers,
  bidirectional,
}: LstmSizes): Record<string, ParameterSpec> {
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
 * x [batch, steps, in] → y [batch, steps, directions·units], zero behind a row's end, and the state at each row's end.
 * Layers and directions are those that there are parameters for. Behind a row's end its state stays as it is, and read
 * backwards a row begins at its end: what packed sequences are for in PyTorch.
 * Throws AttuneError bad_request where shapes do not fit.
 */
export function lstm(params: Params, x: tf.Tensor, options: LstmOptions = {}): { y: tf.Tensor } & LstmState {
  const { lengths = null, state = null, dropout: rate = 0, rng = null } = options
  const places = directionsOf(params)
  checkShapes(params, places, x, lengths, state)
  const ends: Directed[] = []
  let y = x
  for (const [layer, directions] of places.entries()) {
    const read = layer === 0 ? y : dropout(y, rate, rng)
    const outputs = directions.map((place, direction) => {
      const index = layer * directions.length + direction
      const begin = state ? { h: row(state.h, index), c: row(state.c, index) } : null
      const output = direct(params, place, read, begin, lengths, direction === 1)
      ends.push(output)
      return output.y
    })
    y = outputs.length === 1 ? (outputs[0] as tf.Tensor) : tf.concat(outputs, 2)
  }
  return { y, h: tf.stack(ends.map(({ h }) => h)), c: tf.stack(ends.map(({ c }) => c)) }
}

/** The ends of the parameters' names, by layer and direction: "l0", "l0_reverse". */
function directionsOf(params: Params): string[][] {
  const places: string[][] = []
  for (let layer = 0; params.has(`weight_ih_l${layer}`); layer++) {
    places.push([`l${layer}`, `l${layer}_reverse`].filter((place) => params.has(`weight_ih_${place}`)))
  }
  if (places.length > 0) return places
  throw new AttuneError('bad_request', `There are no parameters of an LSTM at "${params.path}".`)
}

function checkShapes(
  params: Params,
  places: readonly (readonly string[])[],
  x: tf.Tensor,
  lengths: tf.Tensor | null,
  state: LstmState | null,
): void {
  const units = params.get('weight_hh_l0').shape[1] as number
  const [directions] = places.map(({ length }) => length) as [number]
  const batch = x.shape[0] as number
  demandShape('The input', x.shape, [batch, x.shape[1] as number, params.get('weight_ih_l0').shape[1] as number])
  if (lengths) demandShape('The list of lengths', lengths.shape, [batch])
  if (!state) return
  for (const part of [state.h, state.c]) {
    demandShape('The state', part.shape, [places.length * directions, batch, units])
  }
}

function demandShape(what: string, shape: readonly number[], wanted: readonly number[]): void {
  if (shape.length === wanted.length && wanted.every((size, axis) => size === shape[axis])) return
  throw new AttuneError('bad_request', `${what} given to an LSTM has the shape [${shape}] where [${wanted}] is needed.`)
}

/** One direction of a layer: y [batch, steps, units], h and c [batch, units]. */
interface Directed {
  readonly y: tf.Tensor
  readonly h: tf.Tensor
  readonly c: tf.Tensor
}

/** What a direction's steps work on. */
interface Recurrence {
  /** The inputs' products [batch, steps, 4·units]. */
  readonly projected: tf.Tensor
  /** [4·units, units] */
  readonly weight: tf.Tensor
  /** Both biases together, [4·units]. */
  readonly bias: tf.Tensor
  /** [batch, units] */
  readonly h0: tf.Tensor
  /** [batch, units] */
  readonly c0: tf.Tensor
  /** int32 [batch] */
  readonly lengths: tf.Tensor | null
}

function direct(
  params: Params,
  place: string,
  x: tf.Tensor,
  begin: { readonly h: tf.Tensor; readonly c: tf.Tensor } | null,
  lengths: tf.Tensor | null,
  reverse: boolean,
): Directed {
  const [batch, steps, width] = x.shape as [number, number, number]
  const weight = params.get(`weight_hh_${place}`)
  const [rows, units] = weight.shape as [number, number]
  const inputs = tf.reshape(x, [batch * steps, width]) as tf.Tensor2D
  const product = tf.matMul(inputs, params.get(`weight_ih_${place}`) as tf.Tensor2D, false, true)
  const recurrence = {
    projected: tf.reshape(product, [batch, steps, rows]),
    weight,
    bias: params.has(`bias_ih_${place}`)
      ? tf.add(params.get(`bias_ih_${place}`), params.get(`bias_hh_${place}`))
      : tf.zeros([rows]),
    h0: begin?.h ?? tf.zeros([batch, units]),
    c0: begin?.c ?? tf.zeros([batch, units]),
    lengths,
  }
  return hasKernel('AttuneLstm') ? fusedSteps(recurrence, reverse) : composedSteps(recurrence, reverse)
}

function fusedSteps(recurrence: Recurrence, reverse: boolean): Directed {
  const [batch, steps] = recurrence.projected.shape as [number, number, number]
  const lengths = recurrence.lengths ?? tf.fill([batch], steps, 'int32')
  const [y, h, c] = runKernel<Tensors5>('AttuneLstm', { ...recurrence, lengths }, { reverse: reverse ? 1 : 0 })
  return { y, h, c }
}

type Tensors5 = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]

tf.registerGradient({
  kernelName: 'AttuneLstm',
  inputsToSave: ['weight', 'h0', 'c0', 'lengths'],
  outputsToSave: [false, false, false, true, true],
  gradFunc: (dys, saved, attrs) => {
    const [weight, h0, c0, lengths, values, cells] = saved as [...Tensors5, tf.Tensor]
    const [dy, dh, dc] = dys as unknown as Tensors5
    const inputs = { dy, dh, dc, gates: values, cells, weight, h0, c0, lengths }
    const [dprojected, before, dbias, dh0, dc0] = runKernel<Tensors5>(
      'AttuneLstmGrad',
      inputs,
      attrs as unknown as Record<string, number>,
    )
    return {
      projected: () => dprojected,
      weight: () => tf.matMul(flat(dprojected), flat(before), true, false),
      bias: () => dbias,
      h0: () => dh0,
      c0: () => dc0,
      lengths: () => tf.zerosLike(lengths),
    }
  },
})

/** [batch, steps, width] → [batch·steps, width] */
function flat(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, x.shape.at(-1) as number]) as tf.Tensor2D
}

function composedSteps({ projected, weight, bias, h0, c0, lengths }: Recurrence, reverse: boolean): Directed {
  const [batch, steps, rows] = projected.shape as [number, number, number]
  // tfjs has no gradient of taking one apart into one.
  const inputs = steps === 1 ? [tf.reshape(projected, [batch, rows])] : tf.unstack(projected, 1)
  const ys: tf.Tensor[] = []
  let [h, c] = [h0, c0]
  for (const step of reverse ? [...inputs.keys()].reverse() : inputs.keys()) {
    const next = composedStep(inputs[step] as tf.Tensor, { weight, bias }, h, c)
    if (lengths) {
      // 1 where the row is not at its end yet.
      const living = tf.reshape(tf.cast(tf.greater(lengths, tf.scalar(step, 'int32')), 'float32'), [-1, 1])
      const ended = tf.sub(1, living)
      ys[step] = tf.mul(living, next.h)
      h = tf.add(ys[step], tf.mul(ended, h))
      c = tf.add(tf.mul(living, next.c), tf.mul(ended, c))
    } else {
      ys[step] = next.h
      h = next.h
      c = next.c
    }
  }
  return { y: tf.stack(ys, 1), h, c }
}

/** One step of all rows: projected [batch, 4·units], h and c [batch, units]. */
function composedStep(
  projected: tf.Tensor,
  { weight, bias }: Pick<Recurrence, 'weight' | 'bias'>,
  h: tf.Tensor,
  c: tf.Tensor,
): { h: tf.Tensor; c: tf.Tensor } {
  const sum = tf.add(tf.add(projected, bias), tf.matMul(h as tf.Tensor2D, weight as tf.Tensor2D, false, true))
  const [i, f, g, o] = tf.split(sum, gates, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  const cell = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)))
  return { h: tf.mul(tf.sigmoid(o), tf.tanh(cell)), c: cell }
}

/** [layers·directions, batch, units] → [batch, units] */
function row(state: tf.Tensor, index: number): tf.Tensor {
  const [, batch, units] = state.shape as [number, number, number]
  return tf.reshape(tf.slice(state, [index, 0, 0], [1, batch, units]), [batch, units])
}
