import type * as tf from '@tensorflow/tfjs-core'
import type { AudioBatch, AudioClassifierHead } from '../models/architecture.ts'
import { classifying } from './classifying.ts'
import { featuresOf } from './clips.ts'
import type { LabelledClips } from './labelled-clips.ts'

/** Audio classification: a row is a clip of sound and a label; a model reads its log-mel picture. */
export const { task: audioClassification, onFeatures: audioClassificationOnFeatures } = classifying<
  LabelledClips,
  AudioBatch
>({
  name: 'audio-classification',
  headOf: ({ heads }) => heads.audioClassifier,
  inputSpecs(batchSize, { head, config }) {
    const { mels, frames } = (head as AudioClassifierHead<unknown>).hears(config)
    return { input_features: { shape: [batchSize, mels, frames], dtype: 'float32' } }
  },
  input: (feeds) => ({ features: feeds.input_features as tf.Tensor }),
  inputs: ({ clips, rows }, positions, batchSize, config, draw) => ({
    input_features: featuresOf(clips, rows, positions, batchSize, config, draw),
  }),
})
