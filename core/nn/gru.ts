import * as tf from '@tensorflow/tfjs-core'
import type { ParameterSpec } from '../models/architecture.ts'
import { hasKernel, runKernel } from './kernel.ts'
import type { Params } from './params.ts'
import {
  type Cell,
  flattened,
  lengthsOf,
  type Recurrence,
  type RecurrentOptions,
  type RecurrentSizes,
  recurrentLayers,
  recurrentParameters,
  shut,
  stepByStep,
} from './recurrent.ts'

/**
 * The gated recurrent unit (Cho et al. 2014) as torch.nn.GRU has it, with the reset gate behind the product:
 *   r, z = σ of W_ih·x + b_ih + W_hh·h + b_hh;  n = tanh(W_in·x + b_in + r·(W_hn·h + b_hn));  h ← n + z·(h − n)
 * The steps are one operation where the engine has it (engine/native/kernels/gru.cc), in float32 whatever the precision
 * of products.
 */

const gates = 3

export function gruParameters(sizes: RecurrentSizes): Record<string, ParameterSpec> {
  return recurrentParameters(gates, sizes)
}

/**
 * x [batch, steps, in] → y [batch, steps, directions·units] and h at each row's end, as `recurrentLayers` says. `h0`
 * [layers·directions, batch, units] is what to begin with; zeros when absent.
 */
export function gru(
  params: Params,
  x: tf.Tensor,
  { h0 = null, ...options }: RecurrentOptions & { readonly h0?: tf.Tensor | null } = {},
): { readonly y: tf.Tensor; readonly h: tf.Tensor } {
  const { y, state } = recurrentLayers(gruCell, params, x, h0 && [h0], options)
  return { y, h: state[0] as tf.Tensor }
}

export const gruCell: Cell = {
  name: 'a GRU',
  gates,
  states: 1,
  // Both gates shut leave n = tanh(W_in·x + b_in): the bias must be taken back.
  emptying: (units, biasIh) => tf.concat([tf.fill([2 * units], shut), tf.neg(tf.slice(biasIh, [2 * units], [units]))]),
  run(recurrence) {
    if (!hasKernel('AttuneGru')) {
      return stepByStep(recurrence, (inputs, [h]) => [composedStep(inputs, recurrence, h as tf.Tensor)])
    }
    const { projected, weight, biasIh, biasHh, state, reverse } = recurrence
    const inputs = {
      projected,
      weight,
      bias_ih: biasIh,
      bias_hh: biasHh,
      h0: state[0] as tf.Tensor,
      lengths: lengthsOf(recurrence),
    }
    const [y, h] = runKernel<[tf.Tensor, tf.Tensor]>('AttuneGru', inputs, { reverse: reverse ? 1 : 0 })
    return { y, state: [h] }
  },
}

type Tensors6 = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]

tf.registerGradient({
  kernelName: 'AttuneGru',
  inputsToSave: ['weight', 'h0', 'lengths'],
  outputsToSave: [true, false, true, true],
  gradFunc: (dys, saved, attrs) => {
    const [weight, h0, lengths, y, values, inner] = saved as Tensors6
    const [dy, dh] = dys as unknown as Tensors6
    const inputs = { dy, dh, gates: values, inner, y, weight, h0, lengths }
    const { reverse = 0 } = attrs as unknown as Record<string, number>
    // Here and not in the functions below: what one of those leaves to the other is disposed between them.
    const [dprojected, dhidden, before, ...rest] = runKernel<Tensors6>('AttuneGruGrad', inputs, { reverse })
    const [dbiasIh, dbiasHh, dh0] = rest
    return {
      projected: () => dprojected,
      weight: () => tf.matMul(flattened(dhidden), flattened(before), true, false),
      bias_ih: () => dbiasIh,
      bias_hh: () => dbiasHh,
      h0: () => dh0,
    }
  },
})

/** One step of all rows: inputs [batch, 3·units], h [batch, units]. */
function composedStep(
  inputs: tf.Tensor,
  { weight, biasIh, biasHh }: Pick<Recurrence, 'weight' | 'biasIh' | 'biasHh'>,
  h: tf.Tensor,
): tf.Tensor {
  const hidden = tf.add(tf.matMul(h as tf.Tensor2D, weight as tf.Tensor2D, false, true), biasHh)
  const [hr, hz, hn] = tf.split(hidden, gates, 1) as [tf.Tensor, tf.Tensor, tf.Tensor]
  const [xr, xz, xn] = tf.split(tf.add(inputs, biasIh), gates, 1) as [tf.Tensor, tf.Tensor, tf.Tensor]
  const n = tf.tanh(tf.add(xn, tf.mul(tf.sigmoid(tf.add(xr, hr)), hn)))
  return tf.add(n, tf.mul(tf.sigmoid(tf.add(xz, hz)), tf.sub(h, n)))
}
