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

/** Token sequences for a model that reads from left to right; rows may hold several documents, one after the other. */
export interface CausalBatch {
  /** int32 [batch, length] */
  readonly inputIds: Tensor
  /** int32 [batch, length]: each token's place in its document, from 0 */
  readonly positionIds: Tensor
  /** int32 [batch, length]: the document of each token; null where every row is one document */
  readonly segmentIds: Tensor | null
}

/**
 * A family of models. Implemented in models/<model_type>.ts, one export for registry.ts. `Config` is the parsed
 * config.json of a checkpoint.
 */
export interface Architecture<Config> {
  readonly modelType: string
  parseConfig(json: unknown): Config
  /** Fields that every model has, under one name. */
  describe(config: Config): {
    vocabSize: number
    hiddenSize: number
    layers: number
    heads: number
    /** Numbers of a head, where they are not hiddenSize / heads. */
    headWidth?: number
    maxPositions: number
  }
  /** The layer that a parameter lies in, counted from 0; -1 below all of them (embeddings), null above (heads, last norm). */
  layerOf(name: string): number | null
  /** Linear layers that LoRA may target, by the end of their name ("query", "attention.output.dense"). */
  readonly linearModules: readonly string[]
  /** config with its dropout probabilities replaced. */
  withDropout(config: Config, probability: number): Config
  /** What stands on top, by what it is for. */
  readonly heads: {
    readonly classifier?: ClassifierHead<Config>
    readonly languageModel?: LanguageModelHead<Config>
    readonly maskedLanguageModel?: TokenHead<Config>
    readonly tokenClassifier?: TokenHead<Config>
    readonly questionAnswering?: TokenHead<Config>
  }
}

/** A model with one purpose: the parameters of the trunk and of what stands on top of it. */
export interface Head<Config> {
  /** What transformers calls the model: "architectures" in the config.json of a checkpoint. */
  readonly className: string
  /** All parameters by the name that transformers gives them in that class ("bert.encoder.…", "classifier.weight"). */
  parameters(config: Config, labels: number): Readonly<Record<string, ParameterSpec>>
  /** The checkpoint's tensor name to ours, or null for one that is not a parameter of this model. */
  rename(name: string): string | null
  /**
   * The names on top that a checkpoint of the bare trunk lacks: drawn anew then, trained by method "head", and always
   * beside a LoRA adapter. Empty where all of the model is in every checkpoint.
   */
  readonly prefixes: readonly string[]
  /**
   * Beginnings of names below what stands on top that checkpoints of another training lack: drawn anew then, and trained
   * with the head.
   */
  readonly mayLack?: readonly string[]
}

/** Sequence classification. */
export interface ClassifierHead<Config> extends Head<Config> {
  /** What the head reads of each sequence [batch, hiddenSize], from parameters below it only. `rng` null turns dropout off. */
  pooled(config: Config, params: Params, batch: TokenBatch, rng: Rng | null): Tensor
  /** pooled [batch, hiddenSize] → logits [batch, labels], with the dropout before it. */
  logits(config: Config, params: Params, pooled: Tensor, rng: Rng | null): Tensor
}

/** Something about each token: its class, its chance to begin an answer, the word that it hides. */
export interface TokenHead<Config> extends Head<Config> {
  /** The last layer's output [batch·length, width], from parameters below the head only. `rng` null turns dropout off. */
  hidden(config: Config, params: Params, batch: TokenBatch, rng: Rng | null): Tensor
  /** Rows of it [n, width] → logits [n, labels], or of all words [n, vocabulary]; with the dropout before them. */
  logits(config: Config, params: Params, hidden: Tensor, rng: Rng | null): Tensor
}

/** The next token, from those before it. */
export interface LanguageModelHead<Config> extends Head<Config> {
  /** The last layer's output [batch·length, width]. `rng` null turns dropout off. */
  hidden(config: Config, params: Params, batch: CausalBatch, rng: Rng | null): Tensor
  /** The matrix [vocabulary, width] that reads tokens out of hidden states: logits are hidden·matrixᵀ. */
  matrix(config: Config, params: Params): Tensor
  /** As `hidden`, without dropout, each layer's tokens learning of each other by `mix`: how a cache comes in. */
  transform(config: Config, params: Params, tokens: Pick<CausalBatch, 'inputIds' | 'positionIds'>, mix: Mix): Tensor
}

/** What the tokens of a layer learn of each other: q, k, v [batch, heads, length, width/heads] → the same shape. */
export type Mix = (q: Tensor, k: Tensor, v: Tensor, layer: number) => Tensor
