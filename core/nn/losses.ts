import * as tf from '@tensorflow/tfjs-core'
import { after } from './order.ts'

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

/** Logits that are there at once, in numbers: 256 MB. */
const mostLogits = 2 ** 26

/**
 * Σ weights·cross-entropy [] of the words that hidden states predict: hidden [n, d], the head's matrix [vocab, d], labels
 * int32 [n] (each a valid id), weights float32 [n], 0 for what does not count. To train on a mean, divide the weights, not
 * the sum. The logits [n, vocab] are the largest tensor of a language model: here their gradient takes their place at
 * once, and where there are many rows, they are gone through in pieces, one after the other.
 */
export function headCrossEntropy(
  hidden: tf.Tensor,
  matrix: tf.Tensor,
  labels: tf.Tensor,
  weights: tf.Tensor,
  most = mostLogits,
): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [h, w, save] = args as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc]
    const values: tf.Tensor[] = []
    const hiddenGrads: tf.Tensor[] = []
    let matrixGrad: tf.Tensor | null = null
    for (const [from, count] of pieces(h.shape[0], w.shape[0], most)) {
      const part = tf.slice(h, [from, 0], [count, -1])
      const rows = matrixGrad ? after(part, matrixGrad, hiddenGrads.at(-1) as tf.Tensor) : part
      const logits = tf.matMul(rows as tf.Tensor2D, w, false, true)
      const { value, slope } = crossEntropyAndSlope(logits, tf.slice(labels, [from], [count]))
      const share = tf.slice(weights, [from], [count])
      values.push(tf.sum(tf.mul(value, share)))
      const logitGrad = tf.mul(slope, tf.reshape(share, [count, 1])) as tf.Tensor2D
      hiddenGrads.push(tf.matMul(logitGrad, w))
      const piece = tf.matMul(logitGrad, part as tf.Tensor2D, true, false)
      matrixGrad = matrixGrad ? tf.add(matrixGrad, piece) : piece
    }
    save([tf.concat(hiddenGrads, 0), matrixGrad as tf.Tensor])
    return {
      value: tf.addN(values),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => saved.map((grad) => tf.mul(grad, dy)),
    }
  })
  return op(hidden, matrix)
}

/** Each row's cross-entropy [n], nats; the arguments of headCrossEntropy. For measuring: no gradient. */
export function headLosses(hidden: tf.Tensor, matrix: tf.Tensor, labels: tf.Tensor, most = mostLogits): tf.Tensor {
  const losses: tf.Tensor[] = []
  for (const [from, count] of pieces(hidden.shape[0] as number, matrix.shape[0] as number, most)) {
    const part = tf.slice(hidden, [from, 0], [count, -1])
    const former = losses.at(-1)
    const rows = (former ? after(part, former) : part) as tf.Tensor2D
    const logits = tf.matMul(rows, matrix as tf.Tensor2D, false, true)
    losses.push(crossEntropyAndSlope(logits, tf.slice(labels, [from], [count])).value)
  }
  return tf.concat(losses, 0)
}

/** Beginning and length of even pieces of `rows`, each with no more than `most` logits where a single row has not. */
function pieces(rows: number, vocabulary: number, most: number): [number, number][] {
  const count = Math.min(rows, Math.ceil((rows * vocabulary) / most))
  const size = Math.ceil(rows / count)
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => [i * size, Math.min(size, rows - i * size)])
}
