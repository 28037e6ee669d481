import * as tf from '@tensorflow/tfjs-core'
import type { Prediction } from '../contract/domain.ts'
import type { Batch } from '../data/batches.ts'
import type { TensorSpec, Tensors, Values } from '../engine/engine.ts'
import type { TokenBatch } from '../models/architecture.ts'
import { classificationLoss } from '../nn/losses.ts'

/**
 * Text classification: a row is one text and one label; a model gives one logit a class. Tokens become three int32
 * matrices, the label a class id; the loss is softmax cross-entropy, averaged over the rows of a batch.
 */

/** The tensors of one batch, by the names that transformers gives them. */
export function batchSpecs(batchSize: number, length: number): Record<string, TensorSpec> {
  const tokens: TensorSpec = { shape: [batchSize, length], dtype: 'int32' }
  return {
    input_ids: tokens,
    attention_mask: tokens,
    token_type_ids: tokens,
    labels: { shape: [batchSize], dtype: 'int32' },
    weights: { shape: [batchSize], dtype: 'float32' },
  }
}

export function batchFeeds(batch: Batch): Record<string, Values> {
  return {
    input_ids: batch.inputIds,
    attention_mask: batch.attentionMask,
    token_type_ids: batch.tokenTypeIds,
    labels: batch.labels,
    weights: batch.weights,
  }
}

/** The part of a batch that the model reads. */
export function modelInput(feeds: Tensors): TokenBatch {
  return {
    inputIds: feeds.input_ids as tf.Tensor,
    attentionMask: feeds.attention_mask as tf.Tensor,
    tokenTypeIds: feeds.token_type_ids as tf.Tensor,
  }
}

/** logits [batch, classes] → mean over the rows that count (scalar), and each row's own loss [batch]; nats. */
export function batchLoss(logits: tf.Tensor, feeds: Tensors): { loss: tf.Tensor; perExample: tf.Tensor } {
  return classificationLoss(logits, feeds.labels as tf.Tensor, feeds.weights as tf.Tensor)
}

/**
 * The loss that a batch is trained on: Σ weight·loss / `total`, where `total` [] is the rows that count in all batches
 * of the step. `smoothing` ε spreads that share of the target over all classes (torch's CrossEntropyLoss):
 * (1 − ε)·(lse z − z_y) + ε·(lse z − mean z) = (lse z − z_y) + ε·(z_y − mean z).
 */
export function trainingLoss(logits: tf.Tensor, feeds: Tensors, smoothing: number, total: tf.Tensor): tf.Tensor {
  const weights = feeds.weights as tf.Tensor
  let { perExample } = batchLoss(logits, feeds)
  if (smoothing > 0) {
    const classes = logits.shape[1] as number
    // Cast, because the WebAssembly backend's float one-hot holds integers.
    const truth = tf.cast(tf.oneHot(feeds.labels as tf.Tensor1D, classes), 'float32')
    const spread = tf.sum(tf.mul(logits, tf.sub(truth, 1 / classes)), -1)
    perExample = tf.add(perExample, tf.mul(spread, smoothing))
  }
  return tf.div(tf.sum(tf.mul(perExample, weights)), total)
}

/** What a model said about rows. Columns of equal length, but `scores`, which holds `classes` numbers a row. */
export interface ScoredRows {
  /** Rows of the dataset, ascending. */
  readonly rows: Int32Array
  /** Class ids. */
  readonly gold: Int32Array
  readonly predicted: Int32Array
  /** Cross-entropy, nats. */
  readonly loss: Float64Array
  /** Probabilities, row by row. */
  readonly scores: Float64Array
}

/** Probabilities of one row of logits, in float64. */
export function probabilities(logits: ArrayLike<number>): number[] {
  const largest = Math.max(...Array.from(logits))
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - largest))
  const sum = exponentials.reduce((a, b) => a + b, 0)
  return exponentials.map((value) => value / sum)
}

/** The class with the largest score; the first of equals. */
export function winner(scores: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i
  return best
}

/** How a prediction reads: the name of the likeliest class and the probability of each. */
export function readPrediction(logits: ArrayLike<number>, labels: readonly string[]): Prediction {
  const scores = probabilities(logits)
  return { label: labels[winner(scores)] as string, scores }
}

/** Mean loss, share right, and macro F1 over every scored row, by series name. */
export function evaluationMetrics(scored: ScoredRows, classes: number): Record<string, number> {
  const { gold, predicted, loss } = scored
  let right = 0
  for (let i = 0; i < gold.length; i++) if (gold[i] === predicted[i]) right++
  return {
    'eval/loss': loss.reduce((a, b) => a + b, 0) / gold.length,
    'eval/accuracy': right / gold.length,
    'eval/f1': macroF1(gold, predicted, classes),
  }
}

/**
 * The unweighted mean of each class's F1 = 2·tp / (2·tp + fp + fn), over the classes that occur in either column
 * (scikit-learn's f1_score with average="macro").
 */
export function macroF1(gold: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): number {
  const hits = new Float64Array(classes)
  const seen = new Float64Array(classes)
  for (let i = 0; i < gold.length; i++) {
    const truth = gold[i] as number
    const guess = predicted[i] as number
    seen[truth] = (seen[truth] as number) + 1
    seen[guess] = (seen[guess] as number) + 1
    if (truth === guess) hits[truth] = (hits[truth] as number) + 1
  }
  // Gold plus predicted occurrences are 2·tp + fp + fn.
  const scores = Array.from(seen.keys())
    .filter((label) => (seen[label] as number) > 0)
    .map((label) => (2 * (hits[label] as number)) / (seen[label] as number))
  return scores.reduce((a, b) => a + b, 0) / scores.length
}
