import * as tf from '@tensorflow/tfjs-core'
import type { ParameterSpec } from '../models/architecture.ts'
import { hasKernel, runKernel } from './kernel.ts'
import type { Params } from './params.ts'
import {
  type Cell,
  flattened,
  lengthsOf,
  type RecurrentOptions,
  type RecurrentSizes,
  recurrentLayers,
  recurrentParameters,
  shut,
  stepByStep,
} from './recurrent.ts'

/**
 * Long short-term memory (Hochreiter, Schmidhuber 1997, with the forget gate of Gers et al. 2000), as torch.nn.LSTM has
 * it, gate order and both biases included:
 *   i, f, g, o = σ, σ, tanh, σ of W_ih·x + b_ih + W_hh·h + b_hh;  c ← f·c + i·g;  h ← o·tanh c
 * The steps are one operation where the engine has it (engine/native/kernels/lstm.cc), in float32 whatever the precision
 * of products.
 */

/** Of each layer, and in each of them forwards before backwards: both [layers·directions, batch, units]. */
export interface LstmState {
  readonly h: tf.Tensor
  readonly c: tf.Tensor
}

const gates = 4

export function lstmParameters(sizes: RecurrentSizes): Record<string, ParameterSpec> {
  return recurrentParameters(gates, sizes)
}

/**
 * x [batch, steps, in] → y [batch, steps, directions·units] and the state at each row's end, as `recurrentLayers` says.
 * `state` is what to begin with; zeros when absent.
 */
export function lstm(
  params: Params,
  x: tf.Tensor,
  { state = null, ...options }: RecurrentOptions & { readonly state?: LstmState | null } = {},
): { readonly y: tf.Tensor } & LstmState {
  const { y, state: ends } = recurrentLayers(lstmCell, params, x, state && [state.h, state.c], options)
  const [h, c] = ends as Pair
  return { y, h, c }
}

export const lstmCell: Cell = {
  name: 'an LSTM',
  gates,
  states: 2,
  emptying: (units) => tf.concat([tf.fill([2 * units], shut), tf.zeros([units]), tf.fill([units], shut)]),
  run(recurrence) {
    const { projected, weight, biasIh, biasHh, reverse } = recurrence
    const bias = tf.add(biasIh, biasHh)
    if (!hasKernel('AttuneLstm')) {
      return stepByStep(recurrence, (inputs, state) => composedStep(tf.add(inputs, bias), weight, state as Pair))
    }
    const [h0, c0] = recurrence.state as Pair
    const inputs = { projected, weight, bias, h0, c0, lengths: lengthsOf(recurrence) }
    const [y, h, c] = runKernel<Tensors5>('AttuneLstm', inputs, { reverse: reverse ? 1 : 0 })
    return { y, state: [h, c] }
  },
}

type Pair = [tf.Tensor, tf.Tensor]
type Tensors5 = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]

tf.registerGradient({
  kernelName: 'AttuneLstm',
  inputsToSave: ['weight', 'h0', 'c0', 'lengths'],
  outputsToSave: [false, false, false, true, true],
  gradFunc: (dys, saved, attrs) => {
    const [weight, h0, c0, lengths, values, cells] = saved as [...Tensors5, tf.Tensor]
    const [dy, dh, dc] = dys as unknown as Tensors5
    const inputs = { dy, dh, dc, gates: values, cells, weight, h0, c0, lengths }
    const { reverse = 0 } = attrs as unknown as Record<string, number>
    // Here and not in the functions below: what one of those leaves to the other is disposed between them.
    const [dprojected, before, dbias, dh0, dc0] = runKernel<Tensors5>('AttuneLstmGrad', inputs, { reverse })
    return {
      projected: () => dprojected,
      weight: () => tf.matMul(flattened(dprojected), flattened(before), true, false),
      bias: () => dbias,
      h0: () => dh0,
      c0: () => dc0,
    }
  },
})

/** One step of all rows: inputs [batch, 4·units], h and c [batch, units]. */
function composedStep(inputs: tf.Tensor, weight: tf.Tensor, [h, c]: Pair): Pair {
  const sum = tf.add(inputs, tf.matMul(h as tf.Tensor2D, weight as tf.Tensor2D, false, true))
  const [i, f, g, o] = tf.split(sum, gates, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  const after = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)))
  return [tf.mul(tf.sigmoid(o), tf.tanh(after)), after]
}
