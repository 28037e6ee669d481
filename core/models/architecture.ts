import type { Tensor } from '@tensorflow/tfjs-core'
import type { TensorSpec } from '../engine/engine.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'

/** A batch of token sequences, padded to one length. */
export interface TokenBatch {
  /** int32 [batch, length] */
  readonly inputIds: Tensor
  /** int32 [batch, length], 1 for real tokens and 0 for padding */
  readonly attentionMask: Tensor
  /** int32 [batch, length] */
  readonly tokenTypeIds: Tensor
}

/** One parameter of a model: shape, and how it begins when a checkpoint does not have it. */
export interface ParameterSpec extends TensorSpec {
  readonly dtype: 'float32'
  /** What a matrix is when it is not the weight [out, in] of a linear layer: an embedding, or a weight [in, out]. */
  readonly matrix?: 'table' | 'conv1d'
  readonly init:
    | { readonly kind: 'normal'; readonly stddev: number }
    | { readonly kind: 'uniform'; readonly bound: number }
    | { readonly kind: 'zeros' }
    | { readonly kind: 'ones' }
}

/**
 * An encoder with a sequence classification head. Implemented in models/<model_type>.ts, one export for registry.ts.
 * `config` is the parsed config.json of the checkpoint.
 */
export interface SequenceClassifier<Config> {
  readonly modelType: string
  /** What transformers calls this classification model: "architectures" in the config.json of a checkpoint. */
  readonly className: string
  parseConfig(json: unknown): Config
  /** Fields that every model has, under one name. */
  describe(config: Config): {
    vocabSize: number
    hiddenSize: number
    layers: number
    heads: number
    maxPositions: number
  }
  /** All parameters by the name that transformers gives them in the classification model ("bert.encoder.…", "classifier.weight"). */
  parameters(config: Config, labels: number): Readonly<Record<string, ParameterSpec>>
  /** The checkpoint's tensor name to ours, or null for one that is not a parameter of this model. */
  rename(name: string): string | null
  /** The names that belong to the head: trained by method "head", and always beside a LoRA adapter. */
  headPrefixes: readonly string[]
  /** Linear layers that LoRA may target, by the end of their name ("query", "attention.output.dense"). */
  linearModules: readonly string[]
  /** Logits [batch, labels]. `rng` null turns dropout off. */
  forward(config: Config, params: Params, batch: TokenBatch, rng: Rng | null): Tensor
  /** config with its dropout probabilities replaced. */
  withDropout(config: Config, probability: number): Config
}
