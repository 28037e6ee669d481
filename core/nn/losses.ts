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
  if (hasKernel('AttuneCrossEntropy')) return fusedCrossEntropy(logits, labels, smoothing)
  const plain = composedCrossEntropy(logits, labels)
  if (smoothing === 0) return plain
  const classes = logits.shape[1] as number
  // Cast, because the WebAssembly backend's float one-hot holds integers.
  const truth = tf.cast(tf.oneHot(labels as tf.Tensor1D, classes), 'float32')
  const spread = tf.sum(tf.mul(logits, tf.sub(truth, 1 / classes)), -1)
  return tf.add(plain, tf.mul(spread, smoothing))
}

/** Softmax cross-entropy in nats. logits [n, classes], labels int32 [n] → [n]. Gradient: (softmax − one-hot)·dy. */
export function sparseCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  return smoothedCrossEntropy(logits, labels, 0)
}

/** One pass over the logits, and one for the gradient; nothing of their size is kept beside them. */
function fusedCrossEntropy(logits: tf.Tensor, labels: tf.Tensor, smoothing: number): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [z, save] = args as [tf.Tensor, tf.GradSaveFunc]
    const [value, logSum] = runKernel<[tf.Tensor, tf.Tensor]>('AttuneCrossEntropy', { logits: z, labels }, { smoothing })
    save([z, labels, logSum])
    return {
      value,
      gradFunc: (dloss: tf.Tensor, saved: tf.Tensor[]) => {
        const [kept, ids, sum] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]
        const inputs = { dloss, logits: kept, labels: ids, logSum: sum }
        const [dlogits] = runKernel<[tf.Tensor]>('AttuneCrossEntropyGrad', inputs, { smoothing })
        return dlogits
      },
    }
  })
  return op(logits)
}

function composedCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
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
