import * as tf from '@tensorflow/tfjs-core'

/**
 * Softmax cross-entropy against class ids. logits [batch, classes], labels int32 [batch], weights float32 [batch]
 * (0 for rows that only fill a batch up) → perExample [batch] in nats, and loss [], their weighted mean.
 */
export function classificationLoss(
  logits: tf.Tensor,
  labels: tf.Tensor,
  weights: tf.Tensor,
): { loss: tf.Tensor; perExample: tf.Tensor } {
  const perExample = sparseCrossEntropy(logits, labels)
  const loss = tf.div(tf.sum(tf.mul(perExample, weights)), tf.maximum(tf.sum(weights), 1e-12))
  return { loss, perExample }
}

/** logits [n, classes], labels int32 [n] → [n]. Gradient: (softmax − one-hot)·dy. */
function sparseCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
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
  if (tf.getKernel('AttuneSparseSoftmaxCrossEntropy', tf.getBackend())) {
    const [value, slope] = tf
      .engine()
      .runKernel('AttuneSparseSoftmaxCrossEntropy', { logits, labels }) as unknown as tf.Tensor[]
    return { value: value as tf.Tensor, slope: slope as tf.Tensor }
  }
  const logProbabilities = tf.logSoftmax(logits as tf.Tensor2D)
  // Cast, because the WebAssembly backend's float one-hot holds integers.
  const truth = tf.cast(tf.oneHot(labels as tf.Tensor1D, logits.shape[1] as number), 'float32')
  return { value: tf.neg(tf.sum(tf.mul(logProbabilities, truth), -1)), slope: tf.sub(tf.exp(logProbabilities), truth) }
}
