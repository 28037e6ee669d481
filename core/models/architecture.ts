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
  /** Stays as the checkpoint has it, whatever is trained: fixed positions, buffers. */
  readonly frozen?: true
  /** The parameter of the same shape that it begins as where a checkpoint has only that one. */
  readonly otherwise?: string
  readonly init:
    | { readonly kind: 'normal'; readonly stddev: number }
    | { readonly kind: 'uniform'; readonly bound: number }
    | { readonly kind: 'zeros' }
    | { readonly kind: 'ones' }
    /** Positions: sines, then cosines, of frequencies that fall from 1 to 1/10000 over so many steps. */
    | { readonly kind: 'sinusoids'; readonly steps: number }
}

/** Pictures, of the size and scale that the model was made for. */
export interface ImageBatch {
  /** float32 [batch, channels, height, width] */
  readonly pixels: Tensor
}

/** Clips of sound, all of one length. */
export interface AudioBatch {
  /** float32 [batch, mels, frames]: log-mel energies */
  readonly features: Tensor
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

/** Steps of episodes, padded in front to one length; what an action is told by. */
export interface StepBatch {
  /** float32 [batch, length, state numbers] */
  readonly states: Tensor
  /** float32 [batch, length, action numbers]; a choice is one-hot */
  readonly actions: Tensor
  /** float32 [batch, length]: rewards still to come, this step's among them, in the model's scale */
  readonly returnsToGo: Tensor
  /** int32 [batch, length]: the step's place in its episode, from 0 */
  readonly timesteps: Tensor
  /** int32 [batch, length], 1 for steps and 0 for padding */
  readonly attentionMask: Tensor
}

/** A picture, what is known of the world in numbers, and words after both. */
export interface SceneBatch extends ImageBatch {
  /** float32 [batch, state numbers]; null where the model reads none */
  readonly state: Tensor | null
  /** int32 [batch, length] */
  readonly inputIds: Tensor
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
    /** Numbers that a classifier reads of a sequence, where they are not hiddenSize. */
    pooledWidth?: number
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
    readonly imageClassifier?: ImageClassifierHead<Config>
    readonly audioClassifier?: AudioClassifierHead<Config>
    readonly languageModel?: LanguageModelHead<Config>
    readonly speechToText?: SpeechToTextHead<Config>
    readonly decisions?: DecisionHead<Config>
    readonly sceneReader?: SceneHead<Config>
    readonly sequenceToSequence?: SequenceToSequenceHead<Config>
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
  /** Tokens that a row may have, where other things take some of the positions. */
  mostTokens?(config: Config): number
}

/** Classification of sequences, or of whatever `Input` is. */
export interface ClassifierHead<Config, Input = TokenBatch> extends Head<Config> {
  /** What the head reads of each example [batch, hiddenSize], from parameters below it only. `rng` null turns dropout off. */
  pooled(config: Config, params: Params, batch: Input, rng: Rng | null): Tensor
  /** pooled [batch, hiddenSize] → logits [batch, labels], with the dropout before it. */
  logits(config: Config, params: Params, pooled: Tensor, rng: Rng | null): Tensor
}

export interface ImageClassifierHead<Config> extends ClassifierHead<Config, ImageBatch> {
  /** The shape of its pictures. */
  sees(config: Config): { channels: number; height: number; width: number }
}

/** The shape of the clips that a model hears. */
export interface Hearing<Config> {
  hears(config: Config): { mels: number; frames: number }
}

export interface AudioClassifierHead<Config> extends ClassifierHead<Config, AudioBatch>, Hearing<Config> {}

/** Something about each token: its class, its chance to begin an answer, the word that it hides. */
export interface TokenHead<Config> extends Head<Config> {
  /** The last layer's output [batch·length, width], from parameters below the head only. `rng` null turns dropout off. */
  hidden(config: Config, params: Params, batch: TokenBatch, rng: Rng | null): Tensor
  /** Rows of it [n, width] → logits [n, labels], or of all words [n, vocabulary]; with the dropout before them. */
  logits(config: Config, params: Params, hidden: Tensor, rng: Rng | null): Tensor
}

/** The next token, from those before it. */
export type LanguageModelHead<Config> = CausalHead<Config> & (Attending<Config> | Carrying<Config>)

export interface CausalHead<Config> extends Head<Config> {
  /**
   * The last layer's output [batch·length, width]. `rng` null turns dropout off. Where rows hold several documents, what
   * it is at a document's last token is of no account: nothing of the document comes after it.
   */
  hidden(config: Config, params: Params, batch: CausalBatch, rng: Rng | null): Tensor
  /** The matrix [vocabulary, width] that reads tokens out of hidden states: logits are hidden·matrixᵀ. */
  matrix(config: Config, params: Params): Tensor
}

/** Writing text, token by token: a model that looks back at the tokens before. */
export interface Attending<Config> {
  /** As `hidden`, without dropout, each layer's tokens learning of each other by `mix`: how a cache comes in. */
  transform(config: Config, params: Params, tokens: Pick<CausalBatch, 'inputIds' | 'positionIds'>, mix: Mix): Tensor
}

/** The same for one that carries along all that it knows of them. */
export interface Carrying<Config> {
  /** What it carries of so many texts; zeros where they begin. */
  state(config: Config, batch: number): readonly TensorSpec[]
  /**
   * As `hidden`, without dropout, going on from `state`; and what it carries at each row's end. inputIds int32
   * [batch, length], of which a row has `lengths` (int32 [batch]).
   */
  advance(
    config: Config,
    params: Params,
    tokens: { readonly inputIds: Tensor; readonly lengths: Tensor },
    state: readonly Tensor[],
  ): { readonly hidden: Tensor; readonly state: readonly Tensor[] }
}

/**
 * What the tokens of a layer learn of each other: q, k, v [batch, heads, length, width/heads] → the same shape. `scores`
 * says how they are weighed where that is not usual.
 */
export type Mix = (q: Tensor, k: Tensor, v: Tensor, layer: number, scores?: Scores) => Tensor

export interface Scores {
  /** Of the products; 1/√size when absent. */
  readonly factor?: number
  /** Added to the scores against so many keys, from position 0 on: [batch or 1, heads, queries, keys]. */
  readonly bias?: (keys: number) => Tensor
}

/** What a decoder reads beside its own tokens: what an encoder made of something. */
export interface Memory {
  /** [batch·length, width] */
  readonly states: Tensor
  /** Additive, [batch, 1, 1, length]: 0 for what is seen. */
  readonly mask: Tensor
}

/** Keys and values that a layer makes of the memory, [batch, heads, length, size]. */
export interface CrossHeads {
  readonly keys: Tensor
  readonly values: Tensor
}

/** The half of an encoder–decoder that writes, whatever the other half has read. */
export interface DecoderHead<Config> extends Head<Config> {
  describeDecoder(config: Config): {
    layers: number
    heads: number
    /** Numbers of a head. */
    headWidth: number
    /** Tokens of one target at most. */
    maxPositions: number
    /** The token that every target begins with, and that is never predicted. */
    startId: number
  }
  /** Target tokens int32 [batch, length], each seeing those before it and all of the memory → [batch·length, width]. */
  decode(config: Config, params: Params, inputIds: Tensor, memory: Memory, rng: Rng | null): Tensor
  /** The matrix [vocabulary, width] that reads tokens out of hidden states. */
  matrix(config: Config, params: Params): Tensor
  /** What is added to logits, [vocabulary]; null where nothing is. Not learned. */
  logitsBias(config: Config, params: Params): Tensor | null
  /** What each layer makes of the memory, once: what `step` reads in its place. */
  crossHeads(config: Config, params: Params, memory: Memory): readonly CrossHeads[]
  /** As `decode`, without dropout, of any tokens (int32 [batch, length] both), which learn of each other by `mix`. */
  step(
    config: Config,
    params: Params,
    tokens: Pick<CausalBatch, 'inputIds' | 'positionIds'>,
    mix: Mix,
    read: { readonly heads: readonly CrossHeads[]; readonly mask: Tensor },
  ): Tensor
}

/** A text out of a text. */
export interface SequenceToSequenceHead<Config> extends DecoderHead<Config> {
  /** `rng` null turns dropout off. */
  encode(
    config: Config,
    params: Params,
    source: Pick<TokenBatch, 'inputIds' | 'attentionMask'>,
    rng: Rng | null,
  ): Memory
}

/** A text out of a clip of speech. */
export interface SpeechToTextHead<Config> extends DecoderHead<Config>, Hearing<Config> {
  /** `rng` null turns dropout off. */
  encode(config: Config, params: Params, clips: AudioBatch, rng: Rng | null): Memory
}

/** The next action of an episode. */
export interface DecisionHead<Config> extends Head<Config> {
  /** Numbers of a state and of an action, the longest episode in steps, and whether actions lie within −1 and 1. */
  sizes(config: Config): { states: number; actions: number; mostSteps: number; bounded: boolean }
  /** The action at each step [batch·length, action numbers]: a logit a choice, or the numbers themselves. */
  actions(config: Config, params: Params, steps: StepBatch, rng: Rng | null): Tensor
}

/** Words about what is seen. */
export interface SceneHead<Config> extends Head<Config> {
  /** What a picture has to be, and numbers of a state (0: none is read). */
  sizes(config: Config): { channels: number; imageSize: number; states: number }
  /** The last layer's output at the words [batch·length, width]. `rng` null turns dropout off. */
  hidden(config: Config, params: Params, batch: SceneBatch, rng: Rng | null): Tensor
  /** As LanguageModelHead's. */
  matrix(config: Config, params: Params): Tensor
}
