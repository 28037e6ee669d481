import * as tf from '@tensorflow/tfjs-core'
import { hasKernel, runKernel } from './kernel.ts'

/**
 * Σ weight·loss / `total` []: what a batch adds to the loss of its step. perExample and weights [n] (0 for what only
 * fills a batch up); `total` [] is the weight of all batches of the step.
 */
export function weightedMean(perExample: tf.Tensor, weights: tf.Tensor, total: tf.Tensor): tf.Tensor {
  return tf.div(tf.sum(tf.mul(perExample, weights)), total)
}

/**
 * Softmax cross-entropy in nats against a target that has 1 − ε on the label and ε spread over all classes
 * (torch's CrossEntropyLoss with label_smoothing): (1 − ε)·(lse z − z_y) + ε·(lse z − mean z)
 * = (lse z − z_y) + ε·(z_y − mean z). logits [n, classes], labels int32 [n] → [n].
 */
export function smoothedCrossEntropy(logits: tf.Tensor, labels: tf.Tensor, smoothing: number): tf.Tensor {
  const plain = sparseCrossEntropy(logits, labels)
  if (smoothing === 0) return plain
  const classes = logits.shape[1] as number
  // Cast, because the WebAssembly backend's float one-hot holds integers.
  const truth = tf.cast(tf.oneHot(labels as tf.Tensor1D, classes), 'float32')
  const spread = tf.sum(tf.mul(logits, tf.sub(truth, 1 / classes)), -1)
  return tf.add(plain, tf.mul(spread, smoothing))
}

/** Softmax cross-entropy in nats. logits [n, classes], labels int32 [n] → [n]. Gradient: (softmax − one-hot)·dy. */
export function sparseCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [z, save] = args as [tf.Tensor, tf.GradSaveFunc]
    const { value, slope } = crossEntropyAndSlope(z, labels)
    save([slope])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0] as tf.Tensor, tf.reshape(dy, [-1, 1])),
    }
  })
  return op(logits)
}

/**
 * Softmax cross-entropy [n] of rows of weight `weights` [n], and what Σ weight·loss grows by with each logit, [n, classes]:
 * one pass, in the memory of the logits, where the engine can. No gradient of its own.
 */
export function weightedCrossEntropy(
  logits: tf.Tensor,
  labels: tf.Tensor,
  weights: tf.Tensor,
): { value: tf.Tensor; slope: tf.Tensor } {
  if (hasKernel('AttuneCrossEntropy')) {
    const inputs = { logits, labels, weights }
    const [value, slope] = runKernel<[tf.Tensor, tf.Tensor]>('AttuneCrossEntropy', inputs, { with_slope: 1 })
    return { value, slope }
  }
  const { value, slope } = crossEntropyAndSlope(logits, labels)
  return { value, slope: tf.mul(slope, tf.reshape(weights, [-1, 1])) }
}

/** Softmax cross-entropy [n] alone. No gradient. */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  if (!hasKernel('AttuneCrossEntropy')) return crossEntropyAndSlope(logits, labels).value
  const inputs = { logits, labels, weights: tf.zeros([0]) }
  return runKernel<[tf.Tensor]>('AttuneCrossEntropy', inputs, { with_slope: 0 })[0]
}

/** Softmax cross-entropy [n], and what it grows by with each logit: softmax − one-hot, [n, classes]. */
function crossEntropyAndSlope(logits: tf.Tensor, labels: tf.Tensor): { value: tf.Tensor; slope: tf.Tensor } {
  if (hasKernel('AttuneSparseSoftmaxCrossEntropy')) {
    const [value, slope] = runKernel<[tf.Tensor, tf.Tensor]>('AttuneSparseSoftmaxCrossEntropy', { logits, labels })
    return { value, slope }
  }
  const logProbabilities = tf.logSoftmax(logits as tf.Tensor2D)
  // Cast, because the WebAssembly backend's float one-hot holds integers.
  const truth = tf.cast(tf.oneHot(labels as tf.Tensor1D, logits.shape[1] as number), 'float32')
  return { value: tf.neg(tf.sum(tf.mul(logProbabilities, truth), -1)), slope: tf.sub(tf.exp(logProbabilities), truth) }
}
