import * as tf from '@tensorflow/tfjs-core'
import { crossEntropy, weightedCrossEntropy } from './losses.ts'
import { after } from './order.ts'

/**
 * The loss of a language model from its hidden states [n, d] and the head's matrix [vocab, d]. The logits [n, vocab] are
 * the largest tensor of a small model: here nothing keeps them, and where there are many rows, they are gone through in
 * pieces, one after the other. Labels are int32 [n], each a valid id. A bias [vocab], where there is one, is added to the
 * logits and never learned.
 */

/** Logits that are there at once, in numbers: 256 MB. */
const mostLogits = 2 ** 26

/**
 * Σ weights·cross-entropy [], nats. weights float32 [n], 0 for what does not count; to train on a mean, divide the weights
 * and not the sum. The gradient of a piece is computed beside its loss, so that its logits can go.
 */
export function headCrossEntropy(
  hidden: tf.Tensor,
  matrix: tf.Tensor,
  labels: tf.Tensor,
  weights: tf.Tensor,
  most = mostLogits,
  bias: tf.Tensor | null = null,
): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [h, w, save] = args as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc]
    const { values, slopes } = weightedLosses(h, w, labels, weights, most, bias)
    save(slopes)
    return {
      value: tf.addN(values),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => saved.map((grad) => tf.mul(grad, dy)),
    }
  })
  return op(hidden, matrix)
}

/**
 * What label smoothing adds to headCrossEntropy, []: Σ weights·ε·(z_y − mean z), for which no logits are needed, the mean
 * of all being that of the matrix's rows. See smoothedCrossEntropy.
 */
export function headSmoothing(
  hidden: tf.Tensor,
  matrix: tf.Tensor,
  labels: tf.Tensor,
  weights: tf.Tensor,
  smoothing: number,
  bias: tf.Tensor | null = null,
): tf.Tensor {
  const above = tf.sub(tf.gather(matrix, labels), tf.mean(matrix, 0, true))
  const plain = tf.sum(tf.mul(hidden, above), -1)
  const whole = bias ? tf.add(plain, tf.sub(tf.gather(bias, labels), tf.mean(bias))) : plain
  return tf.mul(tf.sum(tf.mul(whole, weights)), smoothing)
}

function logitsOf(hidden: tf.Tensor, matrix: tf.Tensor, bias: tf.Tensor | null): tf.Tensor {
  const product = tf.matMul(hidden as tf.Tensor2D, matrix as tf.Tensor2D, false, true)
  return bias ? tf.add(product, bias) : product
}

/**
 * Each row's cross-entropy [n], nats, for losses that are no weighted sum of them: what a row weighs is known only in the
 * backward pass, which computes the logits again. Labels as above.
 */
export function headLosses(hidden: tf.Tensor, matrix: tf.Tensor, labels: tf.Tensor, most = mostLogits): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [h, w, save] = args as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc]
    save([h, w, labels])
    const losses: tf.Tensor[] = []
    for (const [from, count] of pieces(h.shape[0], w.shape[0], most)) {
      const part = tf.slice(h, [from, 0], [count, -1])
      const rows = losses.length > 0 ? after(part, losses.at(-1) as tf.Tensor) : part
      losses.push(crossEntropy(tf.matMul(rows as tf.Tensor2D, w, false, true), tf.slice(labels, [from], [count])))
    }
    return {
      value: tf.concat(losses, 0),
      gradFunc(dy: tf.Tensor, saved: tf.Tensor[]) {
        const [again, matrix, truth] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor]
        return weightedLosses(again, matrix, truth, dy, most).slopes
      },
    }
  })
  return op(hidden, matrix)
}

/** Σ weights·cross-entropy of each piece, and what all of it grows by with hidden states and matrix. */
function weightedLosses(
  h: tf.Tensor2D,
  w: tf.Tensor2D,
  labels: tf.Tensor,
  weights: tf.Tensor,
  most: number,
  bias: tf.Tensor | null = null,
): { values: tf.Tensor[]; slopes: [tf.Tensor, tf.Tensor] } {
  const values: tf.Tensor[] = []
  const hiddenGrads: tf.Tensor[] = []
  let matrixGrad: tf.Tensor | null = null
  for (const [from, count] of pieces(h.shape[0], w.shape[0], most)) {
    const part = tf.slice(h, [from, 0], [count, -1])
    const rows = matrixGrad ? after(part, hiddenGrads.at(-1) as tf.Tensor) : part
    const logits = logitsOf(rows, w, bias)
    const share = tf.slice(weights, [from], [count])
    const { value, slope } = weightedCrossEntropy(logits, tf.slice(labels, [from], [count]), share)
    values.push(tf.sum(tf.mul(value, share)))
    hiddenGrads.push(tf.matMul(slope as tf.Tensor2D, w))
    const piece = tf.matMul(slope as tf.Tensor2D, part as tf.Tensor2D, true, false)
    matrixGrad = matrixGrad ? tf.add(matrixGrad, piece) : piece
  }
  return { values, slopes: [tf.concat(hiddenGrads, 0), matrixGrad as tf.Tensor] }
}

/** Each row's cross-entropy (nats), and 1 where its label has the largest logit: both float32 [n]. No gradient. */
export function judgeHead(
  hidden: tf.Tensor,
  matrix: tf.Tensor,
  labels: tf.Tensor,
  most = mostLogits,
  bias: tf.Tensor | null = null,
): { loss: tf.Tensor; right: tf.Tensor } {
  const losses: tf.Tensor[] = []
  const hits: tf.Tensor[] = []
  for (const [from, count] of pieces(hidden.shape[0] as number, matrix.shape[0] as number, most)) {
    const part = tf.slice(hidden, [from, 0], [count, -1])
    const rows = losses.length > 0 ? after(part, losses.at(-1) as tf.Tensor, hits.at(-1) as tf.Tensor) : part
    const logits = logitsOf(rows, matrix, bias)
    const truth = tf.slice(labels, [from], [count])
    losses.push(crossEntropy(logits, truth))
    hits.push(tf.cast(tf.equal(tf.cast(tf.argMax(logits, -1), 'int32'), truth), 'float32'))
  }
  return { loss: tf.concat(losses, 0), right: tf.concat(hits, 0) }
}

/** Beginning and length of even pieces of `rows`, each with no more than `most` logits where a single row has not. */
function pieces(rows: number, vocabulary: number, most: number): [number, number][] {
  const count = Math.min(rows, Math.ceil((rows * vocabulary) / most))
  const size = Math.ceil(rows / count)
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => [i * size, Math.min(size, rows - i * size)])
}
