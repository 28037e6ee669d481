import type { Tensor } from '@tensorflow/tfjs-core'
import type { DatasetRow } from '../contract/domain.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { Examples } from '../data/batches.ts'
import type { RowFiles } from '../data/media/media-file.ts'
import type { RowStore } from '../data/row-store.ts'
import type { RowTokens } from '../data/row-tokens.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import type { ProgramResult, TensorSpec, Tensors, Values } from '../engine/engine.ts'
import type { Architecture, Head } from '../models/architecture.ts'
import type { Params } from '../nn/params.ts'
import type { Rng } from '../nn/random.ts'

/** How the sequences of one side are made into batches. */
export interface BatchLayout {
  /** Padded lengths that there are programs for, ascending. */
  readonly buckets: readonly number[]
  readonly batchSize: number
  readonly padId: number
}

/** One batch as a program is fed it. */
export interface TaskBatch {
  /** Padded length in tokens: one of the buckets, or 0 where features stand for the tokens. */
  readonly length: number
  readonly feeds: Readonly<Record<string, Values>>
  /** What the loss is the mean of: rows, or target tokens. */
  readonly weight: number
  /** Rows of the dataset, and their tokens: padding and fill rows are not among them. */
  readonly examples: number
  readonly tokens: number
}

/** What a batch draws by, so that a resumed run gets the same. */
export interface Draw {
  readonly seed: number
  /** From 0. */
  readonly epoch: number
}

/** Both sides of a run's data. */
export interface PreparedData<E extends Examples = Examples> {
  readonly train: E
  readonly validation: E
  /** Share of all these rows of which something was cut off. */
  readonly truncatedShare: number
  /** What config.json of a model that is trained on it says of the data. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/**
 * What a model said about rows of the dataset: columns by name, `rows` (ascending) and `loss` (nats) always among them.
 * A column has one number or text a row, or the same count of numbers for each. A checkpoint keeps them.
 */
export type Scored = Readonly<Record<string, Int32Array | Float64Array | readonly string[]>> & {
  readonly rows: Int32Array
  readonly loss: Float64Array
}

/** A model as its task computes with it. */
export interface TaskModel {
  /** The one that `headOf` gave. */
  readonly head: Head<unknown>
  /** The architecture's own. */
  readonly config: unknown
  readonly architecture: Architecture<unknown>
}

/**
 * Programs of a task beside training and evaluation, such as those that write: they run in a run's own session, between
 * evaluations of its batches, on the weights as they then are.
 */
export interface OwnPrograms {
  /** What they keep from one call to the next: never trained, saved or restored. A program assigns it before it is read. */
  readonly variables: Readonly<Record<string, TensorSpec>>
  /** Those of them whose rows are replaced where they lie (nn/update-rows.ts). */
  readonly inPlace: readonly string[]
  /** By name. */
  readonly programs: Readonly<Record<string, OwnProgram>>
}

export interface OwnProgram {
  readonly feeds: Readonly<Record<string, TensorSpec>>
  /** `params` are the model's with adapters joined in; `kept` are the present values of the variables. */
  run(params: Params, feeds: Tensors, kept: Tensors): ProgramResult
}

/** Runs a program of the task's own. */
export type RunOwn = (name: string, feeds: Readonly<Record<string, Values>>) => Readonly<Record<string, Values>>

/** What scoring may need beside evaluations. */
export interface ScoreTools {
  readonly model: TaskModel
  readonly own: RunOwn
  /** The model's; throws AttuneError not_found where it has none. */
  readonly tokenizer: Tokenizer
}

/** Runs the evaluation program on a batch. */
export type Evaluate = (batch: TaskBatch) => Readonly<Record<string, Values>>

/**
 * What a run is for: what a row of the dataset is, how it becomes tensors, the loss, the metrics. One file a task in
 * tasks/, one line in its registry. Programs are static: one for each padded length.
 */
export interface Task<E extends Examples = Examples, S extends Scored = Scored> {
  readonly name: RunConfig['task']
  /** The part of an architecture that this task trains; undefined where it has none. */
  headOf(architecture: Architecture<unknown>): Head<unknown> | undefined
  /** What config.json says of a model of this task beside its own fields. */
  modelFields(labels: readonly string[]): Readonly<Record<string, unknown>>
  /** Numbers that the head gives, where that is not one a class. */
  readonly outputs?: number
  /** Files that its checkpoints have beside those of the model's folder: name and text. */
  files?(modelDir: string): Readonly<Record<string, string>>

  /** The feeds of a batch. All have `weights`, float32, whose sum is the batch's weight. */
  batchSpecs(
    batchSize: number,
    length: number,
    config: BatchConfig,
    model: TaskModel,
  ): Readonly<Record<string, TensorSpec>>
  /**
   * The batch of the sequences at these positions (1 to `batchSize`), padded to the bucket of the longest. What is drawn
   * at random (masks, crops) is drawn by `draw` and the row alone; with null nothing is, or always the same.
   */
  batch(encoded: E, positions: Int32Array, layout: BatchLayout, config: BatchConfig, draw: Draw | null): TaskBatch

  /** What a run of this task computes of each sequence before the first step, and its batches are fed; absent: nothing. */
  readonly beforehand?: Beforehand

  /** The loss [] that is trained on: Σ weight·loss / `total`, where `total` [] is the weight of all batches of the step. */
  trainingLoss(model: TaskModel, params: Params, feeds: Tensors, rng: Rng, total: Tensor, config: LossConfig): Tensor
  /** What an evaluation needs of a batch, without dropout. */
  evaluation(model: TaskModel, params: Params, feeds: Tensors): Readonly<Record<string, Tensor>>

  /** The model's word on every row. `onRows` is told how many are done and may throw to stop. */
  score(
    encoded: E,
    layout: BatchLayout,
    config: BatchConfig,
    evaluate: Evaluate,
    onRows: (done: number, total: number) => void,
    tools: ScoreTools,
  ): S
  /** Programs that `score` runs, where evaluations have these padded lengths; absent: none. */
  own?(model: TaskModel, config: BatchConfig, lengths: readonly number[]): OwnPrograms
  /** Over every scored row, by series name; eval/loss always among them. */
  metrics(scored: S, classes: number): Readonly<Record<string, number>>
  /** What of it is recorded and compared row by row: see contract/judgement.ts. */
  predictions(scored: S): PredictionColumns
}

/** What is computed of each sequence once, with the weights that a run begins with. */
export interface Beforehand {
  /** Numbers a sequence, by name. */
  readonly widths: Readonly<Record<string, number>>
  /** By the same names, [batch] or [batch, width]; without dropout. */
  compute(model: TaskModel, params: Params, feeds: Tensors): Readonly<Record<string, Tensor>>
}

/** Examples with what was computed of them beforehand: float32 [sequences, width] by name. */
export interface Known {
  readonly known: Readonly<Record<string, Float32Array>>
}

/** A task whose head can be trained on features, where nothing below the head is trained. */
export interface FeatureTask {
  /** What the head would read of the sequences of a batch, [batch, width]; without dropout. */
  features(model: TaskModel, params: Params, feeds: Tensors): Tensor
  /** The same task over sequences whose features are known. Its batches have the length 0. */
  over(width: number): Task
}

/**
 * Splits a dataset and tokenises what the run will use, once. `onRow` is told how far it is and may throw to stop.
 * Throws AttuneError bad_data where the rows are no data for the task.
 */
export type Prepare<E extends Examples = Examples> = (
  store: RowStore,
  labels: readonly string[],
  reading: Reading,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
) => PreparedData<E> | Promise<PreparedData<E>>

/** How a task's data is made, without what computes with it. */
export interface Preparation<E extends Examples = Examples> {
  readonly prepare: Prepare<E>
  /** The longest sequence that a row makes; absent where all are alike, or rows have to be prepared to know. */
  readonly longest?: (row: number, reading: Reading, config: PrepareConfig) => number
  /**
   * Rows that nobody knows the answer to, for a prediction: `row` counts them from 0. `onRow` is called after each that is
   * read and may throw to stop. Absent where nothing is predicted of rows.
   */
  readonly inputs?: (
    rows: readonly DatasetRow[],
    labels: readonly string[],
    reading: InputReading,
    config: PrepareConfig,
    onRow: () => void,
  ) => E | Promise<E>
}

/** What is known of rows that are of no dataset. */
export interface InputReading extends Omit<Reading, 'tokens'> {
  /** Those that the rows are about. */
  readonly files: RowFiles
  /** Tokens that a row may come to: max_length, or less where the model has no more positions. */
  readonly room: number
  /** What the run learnt from. Throws AttuneError not_found where that is no longer there. */
  dataset(): RowStore
}

/** What the model of a run says of how its data is read. */
export interface Reading {
  /** Rows' texts. */
  readonly tokens: RowTokens
  /** For other parts of a row. Throws AttuneError not_found where the model folder has none. */
  readonly tokenizer: Tokenizer
  /** The model folder, for what else it says of its input, and its config.json. */
  readonly modelDir: string
  readonly modelConfig: Readonly<Record<string, unknown>>
  /** Its generation_config.json, or config.json where there is none: how its texts begin and end. */
  readonly generationConfig: Readonly<Record<string, unknown>>
}

export type PrepareConfig = Pick<
  RunConfig,
  | 'validation_split'
  | 'split_seed'
  | 'max_train_samples'
  | 'train_share'
  | 'max_eval_samples'
  | 'max_length'
  | 'packing'
  | 'mlm_probability'
  | 'max_target_length'
  | 'source_prefix'
  | 'context_length'
  | 'target_return'
  | 'method'
  | 'seed'
  | 'prompt_template'
  | 'few_shot_examples'
> &
  VariationConfig
export type LossConfig = Pick<RunConfig, 'label_smoothing_factor' | 'method' | 'dpo_beta' | 'dpo_loss_type'>
export type BatchConfig = Pick<
  RunConfig,
  | 'packing'
  | 'mlm_probability'
  | 'context_length'
  | 'max_length'
  | 'max_target_length'
  | 'per_device_eval_batch_size'
  | 'generation_max_samples'
  | 'generation_num_beams'
  | 'label_smoothing_factor'
  | 'dpo_beta'
  | 'dpo_loss_type'
  | 'written_answers'
> &
  VariationConfig

/** How pictures and clips are changed from epoch to epoch. */
export type VariationConfig = Partial<
  Pick<RunConfig, 'image_flip' | 'image_shift' | 'image_brightness' | 'audio_shift' | 'audio_gain' | 'audio_noise'>
>

/**
 * Columns of equal length, but `scores`, which holds a probability a class, row by row. Where there are no classes, those
 * columns are empty and runs are compared by `values`.
 */
export interface PredictionColumns {
  readonly rows: readonly number[]
  /** Class ids. */
  readonly predicted: readonly number[]
  readonly gold: readonly number[]
  readonly loss: readonly number[]
  readonly scores: readonly number[]
  /** What a row is judged by where contract/judgement.ts says so; by right, 1 is right. The losses where absent. */
  readonly values?: readonly number[]
  /** What the model said, as text: see the task. */
  readonly answers?: readonly string[]
}
