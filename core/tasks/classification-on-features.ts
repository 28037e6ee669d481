import type * as tf from '@tensorflow/tfjs-core'
import { filled } from '../data/batches.ts'
import type { LabelledRows } from './labelled-rows.ts'
import type { BatchLayout, FeatureTask, Known, TaskBatch } from './task.ts'
import { answersOf, logitsOf, lossOf, pooledOf, scoreRows, textClassification } from './text-classification.ts'

/** Text classification whose rows went through the frozen model once: the head alone is computed. */
export const classificationOnFeatures: FeatureTask = {
  features: (model, params, feeds) => pooledOf(model, params, feeds, null),
  over: (width) => ({
    ...textClassification,
    batchSpecs: (batchSize) => ({
      features: { shape: [batchSize, width], dtype: 'float32' },
      labels: { shape: [batchSize], dtype: 'int32' },
      weights: { shape: [batchSize], dtype: 'float32' },
    }),
    batch: (encoded: LabelledRows & Known, positions, layout) => batchOf(encoded, positions, layout, width),
    trainingLoss: (model, params, { features, ...feeds }, rng, total, config) =>
      lossOf(logitsOf(model, params, features as tf.Tensor, rng), feeds, total, config),
    evaluation: (model, params, { features, ...feeds }) =>
      answersOf(logitsOf(model, params, features as tf.Tensor, null), feeds),
    score: (encoded: LabelledRows & Known, layout, _config, evaluate, onRows) =>
      scoreRows(encoded, layout, evaluate, onRows, (positions) => batchOf(encoded, positions, layout, width)),
  }),
}

function batchOf(
  { ids, labels, known }: LabelledRows & Known,
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
  const tokens = positions.reduce((sum, position) => sum + (ids[position] as Int32Array).length, 0)
  const feeds = { features: gathered, labels: gold, weights }
  return { length: 0, feeds, weight: positions.length, examples: positions.length, tokens }
}
