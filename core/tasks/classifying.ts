import type * as tf from '@tensorflow/tfjs-core'
import type { RunConfig } from '../contract/settings.ts'
import { bucketOf, type Examples, filled } from '../data/batches.ts'
import type { TensorSpec, Tensors, Values } from '../engine/engine.ts'
import type { Architecture, ClassifierHead } from '../models/architecture.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'
import { classificationOnFeatures } from './classification-on-features.ts'
import type { BatchConfig, Draw, FeatureTask, Task, TaskModel } from './task.ts'
import { answersOf, logitsOf, lossOf, type ScoredRows, scoreRows, textClassification } from './text-classification.ts'

/** Examples with a class each. */
export interface Labelled extends Examples {
  /** Class ids. */
  readonly labels: Int32Array
}

/** What telling classes apart needs to know of what is told apart. */
interface Classified<E extends Labelled, Input> {
  readonly name: RunConfig['task']
  headOf(architecture: Architecture<unknown>): ClassifierHead<unknown, Input> | undefined
  /** The feeds that the model reads. */
  inputSpecs(batchSize: number, model: TaskModel): Readonly<Record<string, TensorSpec>>
  inputs(
    encoded: E,
    positions: Int32Array,
    batchSize: number,
    config: BatchConfig,
    draw: Draw | null,
  ): Readonly<Record<string, Values>>
  /** The same as the model takes them. */
  input(feeds: Tensors): Input
}

/** Classification of anything of one shape: loss, metrics and predictions are those of text classification. */
export function classifying<E extends Labelled, Input>(
  kind: Classified<E, Input>,
): {
  task: Task<E, ScoredRows>
  onFeatures: FeatureTask
} {
  const pooled = ({ head, config }: TaskModel, params: Params, feeds: Tensors, rng: Rng | null) =>
    (head as ClassifierHead<unknown, Input>).pooled(config, params, kind.input(feeds), rng)
  const batch: Task<E, ScoredRows>['batch'] = (encoded, positions, { batchSize, buckets }, config, draw) => {
    const labels = Int32Array.from({ length: batchSize }, (_, i) => encoded.labels[filled(positions, i)] as number)
    return {
      length: bucketOf(encoded.lengths[positions[0] as number] as number, buckets),
      feeds: {
        ...kind.inputs(encoded, positions, batchSize, config, draw),
        labels,
        weights: new Float32Array(batchSize).fill(1, 0, positions.length),
      },
      weight: positions.length,
      examples: positions.length,
      tokens: positions.reduce((sum, position) => sum + (encoded.lengths[position] as number), 0),
    }
  }
  const task: Task<E, ScoredRows> = {
    name: kind.name,
    headOf: kind.headOf as Task['headOf'],
    modelFields: textClassification.modelFields,
    batchSpecs: (batchSize, _length, _config, model) => ({
      ...kind.inputSpecs(batchSize, model),
      labels: { shape: [batchSize], dtype: 'int32' },
      weights: { shape: [batchSize], dtype: 'float32' },
    }),
    batch,
    trainingLoss(model, params, feeds, rng, total, config) {
      // A frozen model is not made to fail at random: only the head has dropout then.
      const seen = pooled(model, params, feeds, config.method === 'head' ? null : rng)
      return lossOf(logitsOf(model, params, seen, rng), feeds, total, config)
    },
    evaluation: (model, params, feeds) =>
      answersOf(logitsOf(model, params, pooled(model, params, feeds, null), null), feeds),
    score: (encoded, layout, config, evaluate, onRows) =>
      scoreRows(encoded, layout, evaluate, onRows, (positions) => batch(encoded, positions, layout, config, null)),
    metrics: textClassification.metrics,
    predictions: textClassification.predictions,
  }
  const features = (model: TaskModel, params: Params, feeds: Tensors): tf.Tensor => pooled(model, params, feeds, null)
  return { task, onFeatures: classificationOnFeatures(task as Task, features) }
}
