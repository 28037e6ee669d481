import type * as tf from '@tensorflow/tfjs-core'
import { filled } from '../data/batches.ts'
import type { Labelled } from './classifying.ts'
import type { BatchLayout, FeatureTask, Known, Task, TaskBatch } from './task.ts'
import { answersOf, logitsOf, lossOf, scoreRows } from './text-classification.ts'

/** A task of classes whose examples went through the frozen model once: the head alone is computed. */
export function classificationOnFeatures(task: Task, features: FeatureTask['features']): FeatureTask {
  return {
    features,
    over: (width) => ({
      ...task,
      batchSpecs: (batchSize) => ({
        features: { shape: [batchSize, width], dtype: 'float32' },
        labels: { shape: [batchSize], dtype: 'int32' },
        weights: { shape: [batchSize], dtype: 'float32' },
      }),
      batch: (encoded: Labelled & Known, positions, layout) => batchOf(encoded, positions, layout, width),
      trainingLoss: (model, params, { features: seen, ...feeds }, rng, total, config) =>
        lossOf(logitsOf(model, params, seen as tf.Tensor, rng), feeds, total, config),
      evaluation: (model, params, { features: seen, ...feeds }) =>
        answersOf(logitsOf(model, params, seen as tf.Tensor, null), feeds),
      score: (encoded: Labelled & Known, layout, _config, evaluate, onRows) =>
        scoreRows(encoded, layout, evaluate, onRows, (positions) => batchOf(encoded, positions, layout, width)),
    }),
  }
}

function batchOf(
  { lengths, labels, known }: Labelled & Known,
  positions: Int32Array,
  { batchSize }: BatchLayout,
  width: number,
): TaskBatch {
  const gathered = new Float32Array(batchSize * width)
  const gold = new Int32Array(batchSize)
  for (let i = 0; i < batchSize; i++) {
    const position = filled(positions, i)
    gathered.set((known.features as Float32Array).subarray(position * width, (position + 1) * width), i * width)
    gold[i] = labels[position] as number
  }
  const weights = new Float32Array(batchSize).fill(1, 0, positions.length)
  const tokens = positions.reduce((sum, position) => sum + (lengths[position] as number), 0)
  const feeds = { features: gathered, labels: gold, weights }
  return { length: 0, feeds, weight: positions.length, examples: positions.length, tokens }
}
