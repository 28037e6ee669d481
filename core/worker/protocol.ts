import type { EngineInfo, LogLine, Phase, Prediction, RunPlan, RunStart, RunTimings } from '../contract/domain.ts'
import type { ErrorPayload } from '../contract/errors.ts'
import type { FinishReason, GenerationOptions } from '../contract/generation.ts'
import type { Pace } from '../contract/pace.ts'
import type { Preflight } from '../contract/preflight.ts'
import type { Sizes } from '../contract/presets.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { TokenizerKind } from '../contract/tokenizers.ts'

/**
 * Everything that passes between the host and a run's thread. Plain data and transferred buffers only.
 * Training is synchronous inside the thread, so stop travels by a shared word that is read at every step.
 */

/** Words of the control buffer (Int32Array over a SharedArrayBuffer of 4 × controlWords bytes). */
export const controlWords = 4
export const stopWord = 0
/** Pause writes a checkpoint that the run goes on from exactly, and frees all memory by ending the thread. */
export const stopValues = { none: 0, keep: 1, discard: 2, pause: 3 } as const

/** Where the thread finds what it works on. All absolute paths. */
export interface TrainSpec {
  readonly kind: 'train'
  readonly run: string
  readonly config: RunConfig
  /** A Hugging Face folder: config.json, model.safetensors, tokenizer.json or vocab.txt. */
  readonly modelDir: string
  /** A row store: see data/row-store.ts. */
  readonly datasetDir: string
  readonly labels: readonly string[]
  /** The run's own folder; checkpoints go to `checkpoint-<step>` below it. */
  readonly runDir: string
  readonly threads: number
  /** The checkpoint to go on from: its weights, moments and position. */
  readonly resumeFrom?: string
  /** A checkpoint of another run to begin with, where there is none to go on from. */
  readonly start?: TrainStart
}

export interface TrainStart extends RunStart {
  /** Below the run's own folder, so that it is there as long as the run. */
  readonly dir: string
}

export interface PredictSpec {
  readonly kind: 'predict'
  /** A checkpoint folder as the run wrote it (whole model, or adapter beside modelDir). */
  readonly checkpointDir: string
  readonly modelDir: string
  /** Of the run: what it learnt from, which may be gone by now. */
  readonly datasetDir: string
  readonly config: RunConfig
  readonly labels: readonly string[]
  /** One an input; where inputs are files alone, what these are called. */
  readonly texts: readonly string[]
  /** Of each input, its other parts by role. */
  readonly fields?: readonly Readonly<Record<string, string>>[] | undefined
  /** Of each input, the picture or clip that it is about; absent where the task has none. */
  readonly files?: readonly InputFile[] | undefined
  readonly threads: number
}

/** A file of a person's, by its absolute path and what it is called; or the one of a row of the run's dataset. */
export type InputFile = { readonly path: string; readonly fileName: string } | { readonly row: number }

/** What a run would need; with `measure`, some of its steps are tried out. */
export interface PreflightSpec {
  readonly kind: 'preflight'
  readonly config: RunConfig
  readonly modelDir: string
  readonly datasetDir: string
  readonly labels: readonly string[]
  /** Where the run's folder will be: its disk has to have room. */
  readonly runsDir: string
  /** On the same disk, for what is only written to see how long it takes. Whoever asked removes it. */
  readonly scratchDir: string
  readonly threads: number
  readonly measure: boolean
  readonly host: HostMemory
}

/** Memory of the process that the run will be in, as it is now. */
export interface HostMemory {
  /** Before any engine was loaded. */
  readonly restingBytes: number
  readonly heldBytes: number
  /** Held by runs of other processes, which end before this one begins. */
  readonly othersBytes: number
}

/** What a language model is to write. */
export interface GenerateSpec extends Pick<PredictSpec, 'checkpointDir' | 'modelDir' | 'config' | 'threads'> {
  readonly kind: 'generate'
  readonly prompts: readonly string[]
  readonly options: GenerationOptions
}

/** A model that begins with drawn weights. */
export interface CreateSpec {
  readonly kind: 'create'
  readonly architecture: string
  readonly sizes: Sizes
  readonly seed: number
  /** An empty folder, which becomes the model's. */
  readonly dir: string
  /** Null where the architecture has none. */
  readonly tokenizer: TokenizerSpec | null
  /** What its model card says it is called. */
  readonly name: string
}

/** Where a model's tokenizer comes from: another model's folder, or the texts of a row store. */
export type TokenizerSpec =
  | { readonly from: 'model'; readonly dir: string }
  | {
      readonly from: 'dataset'
      readonly dir: string
      readonly kind: TokenizerKind
      readonly vocabSize: number
      readonly lowercase: boolean
    }

/** How long steps of a run's model take by rows and by length: see contract/pace.ts. */
export interface PaceSpec extends Pick<TrainSpec, 'config' | 'modelDir' | 'labels' | 'threads'> {
  readonly kind: 'pace'
}

export type WorkSpec = TrainSpec | PredictSpec | GenerateSpec | PreflightSpec | CreateSpec | PaceSpec

export type ToWorker = {
  type: 'start'
  spec: WorkSpec
  control: SharedArrayBuffer
  /** The same for all threads of a process: see engine/native/first-use.ts. */
  firstUse: SharedArrayBuffer
}

/** One thing that happened in a run, in the order it happened. */
export type RunEvent =
  | { kind: 'engine'; engine: EngineInfo }
  | { kind: 'phase'; at: number; phase: Phase; done?: number; total?: number }
  | { kind: 'log'; at: number; level: LogLine['level']; text: string }
  | { kind: 'plan'; plan: RunPlan }
  | {
      kind: 'metrics'
      step: number
      epoch: number
      /** Since the run began, training only: real examples and real tokens gone through. */
      examples: number
      tokens: number
      /** Training time, evaluation and saving excluded. */
      elapsedMs: number
      /** By series name (contract/domain.ts seriesInfos). */
      values: Readonly<Record<string, number>>
    }
  | {
      kind: 'checkpoint'
      at: number
      step: number
      epoch: number
      path: string
      bytes: number
      best: boolean
      last: boolean
      metrics: Readonly<Record<string, number>>
    }
  /** A checkpoint's folder that was removed to keep within save_total_limit. */
  | { kind: 'pruned'; path: string }
  /** The run has diverged: its newest checkpoint whose weights are to be trusted. Later ones stay, and are not gone on from. */
  | { kind: 'lastGood'; step: number }
  /** Validation predictions of the best checkpoint so far, told each time that there is a better one. Columns of equal length. */
  | {
      kind: 'predictions'
      rows: readonly number[]
      /** Class ids; these, `gold` and `scores` are empty where there are no classes. */
      predicted: readonly number[]
      gold: readonly number[]
      loss: readonly number[]
      /** rows.length × labels.length probabilities, row by row. */
      scores: readonly number[]
      /** What a row is judged by; the losses where absent. */
      values?: readonly number[]
      /** What the model said, as text. */
      answers?: readonly string[]
    }
  | { kind: 'result'; outcome: 'finished' | 'stopped' | 'paused'; timings: RunTimings }

export type FromWorker =
  /** `seq` counts the groups of a run from 0 without gaps. */
  | { type: 'events'; seq: number; events: readonly RunEvent[] }
  | { type: 'predictions'; predictions: readonly Prediction[] }
  /** What the text of a prompt goes on with, and its end. */
  | { type: 'text'; row: number; text: string }
  | { type: 'text-end'; row: number; reason: FinishReason; tokens: number }
  | { type: 'preflight'; preflight: Preflight }
  | { type: 'pace'; pace: Pace }
  | { type: 'done' }
  | { type: 'failed'; error: ErrorPayload }
