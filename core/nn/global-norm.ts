import * as tf from '@tensorflow/tfjs-core'
import { hasKernel, runKernel } from './kernel.ts'

/** √Σ‖g‖² over all gradients, []. */
export function globalNorm(grads: readonly tf.Tensor[]): tf.Tensor {
  if (hasKernel('AttuneGlobalNorm')) {
    const [norm] = runKernel<[tf.Tensor]>('AttuneGlobalNorm', Object.fromEntries(grads.entries()))
    return norm
  }
  return tf.sqrt(tf.addN(grads.map(sumOfSquares)))
}

function sumOfSquares(x: tf.Tensor): tf.Tensor {
  if (!hasKernel('AttuneL2Loss')) return tf.sum(tf.square(x))
  const [half] = runKernel<[tf.Tensor]>('AttuneL2Loss', { x })
  return tf.mul(half, 2)
}

/**
 * Scales all gradients down so that their global norm is at most `maxNorm`; 0 leaves them alone. Returns the norm
 * before scaling. As torch.nn.utils.clip_grad_norm_, 1e-6 in the denominator included.
 */
export function clipByGlobalNorm(
  grads: readonly tf.Tensor[],
  maxNorm: number,
): { clipped: tf.Tensor[]; norm: tf.Tensor } {
  const norm = globalNorm(grads)
  if (maxNorm === 0) return { clipped: [...grads], norm }
  const scale = tf.minimum(1, tf.div(maxNorm, tf.add(norm, 1e-6)))
  return { clipped: grads.map((grad) => tf.mul(grad, scale)), norm }
}
