import * as tf from '@tensorflow/tfjs-core'
import { after } from './order.ts'
import type { Params } from './params.ts'
import type { Rng } from './random.ts'

/** A part of a model that is a function of its weights, its input and what it reads beside it (a mask, a memory). */
export type Block = (params: Params, x: tf.Tensor, others: readonly tf.Tensor[], rng: Rng | null) => tf.Tensor

/**
 * Runs a block; where `params.recompute` asks for it, only the block's input is kept for the backward pass, which runs
 * the block a second time with the same dropout. Costs a forward pass more, and leaves one tensor a block in memory.
 * Of `others` the first `learned` get gradients. Source: Chen et al. 2016; torch.utils.checkpoint.
 */
export function recomputed(
  params: Params,
  x: tf.Tensor,
  others: readonly tf.Tensor[],
  rng: Rng | null,
  block: Block,
  learned = 0,
): tf.Tensor {
  if (!params.recompute) return block(params, x, others, rng)
  const weights = params.tensors()
  const op = tf.customGrad((...args) => {
    const input = args[0] as tf.Tensor
    const save = args.at(-1) as tf.GradSaveFunc
    const streams: number[] = []
    save([input, ...others])
    return {
      value: block(params, input, others, rng && recording(rng, streams)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [kept, ...read] = saved as [tf.Tensor, ...tf.Tensor[]]
        // Held back until the gradient is there: else TensorFlow would take both passes for one, or run them together.
        const again = after(kept, dy)
        const replay = rng && replaying(after(rng.state, dy), streams)
        const asked = [again, ...weights, ...read.slice(0, learned)]
        return gradientsWithin(() => block(params, again, read, replay), asked, dy)
      },
    }
  })
  return op(x, ...weights, ...others.slice(0, learned))
}

function recording(rng: Rng, streams: number[]): Rng {
  return {
    state: rng.state,
    nextStream() {
      const stream = rng.nextStream()
      streams.push(stream)
      return stream
    },
  }
}

function replaying(state: tf.Tensor, streams: readonly number[]): Rng {
  let at = 0
  return {
    state,
    nextStream() {
      const stream = streams[at++]
      if (stream === undefined) throw new Error('a block drew more random streams the second time')
      return stream
    },
  }
}

/** Gradients of `f` while gradients are being taken already: tfjs forgets the outer tape when an inner one ends. */
function gradientsWithin(f: () => tf.Tensor, xs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const { state } = tf.engine()
  const outer = state.activeTape
  try {
    const { grads } = tf.engine().gradients(f, xs, dy)
    return grads.map((grad, i) => grad ?? tf.zerosLike(xs[i] as tf.Tensor))
  } finally {
    state.activeTape = outer
  }
}
