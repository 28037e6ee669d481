import { z } from 'zod'
import { errorSchema } from './errors.ts'
import { countedIn } from './roles.ts'
import { runConfigSchema, type TaskName, taskSchema, tasks } from './settings.ts'

/** Milliseconds since 1970-01-01 UTC. */
const timestamp = z.number().int()
const id = z.string().min(1)
const count = z.number().int().min(0)

// ---- Files that a person handed over ----

/** Where an import comes from. A page never names a path: it uploads, or the desktop shell's dialog issues a handle. */
export const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), handle: z.string().min(1) }),
  z.strictObject({ kind: z.literal('sample'), name: z.string().min(1) }),
])
export type Source = z.infer<typeof sourceSchema>

/** A model can also be downloaded: "ORG/NAME" or "ORG/NAME@REVISION". `task` tells progress, and cancels. */
export const modelSourceSchema = z.discriminatedUnion('kind', [
  ...sourceSchema.options,
  z.strictObject({ kind: z.literal('hub'), model: z.string().min(1).max(500), task: z.string().min(1).optional() }),
])
export type ModelSource = z.infer<typeof modelSourceSchema>

// ---- Datasets ----

/** A row that could not be used: 1-based line in the file, and a sentence. */
export const rowProblemSchema = z.object({ line: count, message: z.string() })
export type RowProblem = z.infer<typeof rowProblemSchema>

/** Which column is what, by role: see roles.ts. */
export const columnMappingSchema = z.object({ text: z.string(), label: z.string().optional() }).catchall(z.string())
export type ColumnMapping = z.infer<typeof columnMappingSchema>
/** What is known or chosen of one. */
export const partialMappingSchema = z.record(z.string(), z.string())
export type PartialMapping = z.infer<typeof partialMappingSchema>

export const fileFormatSchema = z.enum(['csv', 'jsonl', 'folder'])
export type FileFormat = z.infer<typeof fileFormatSchema>

export const labelCountSchema = z.object({ label: z.string(), count })

export const datasetSchema = z.object({
  id,
  name: z.string(),
  task: taskSchema,
  format: fileFormatSchema,
  fileName: z.string(),
  createdAt: timestamp,
  /** The version: SHA-256 over the used rows in order, hex. */
  contentHash: z.string(),
  rows: count,
  /** Sorted; a label's index is its class id. Empty where the task has none. */
  labels: z.array(labelCountSchema),
  mapping: columnMappingSchema,
  problems: z.array(rowProblemSchema),
  /** All bad rows counted; `problems` holds the first 100. */
  problemCount: count,
  /** Rows whose text occurs more than once. */
  duplicateCount: count,
  bytes: count,
  licence: z.string().optional(),
})
export type Dataset = z.infer<typeof datasetSchema>

export const datasetRowSchema = z.object({
  /** 0-based position among the used rows; the key by which runs' predictions are matched. */
  row: count,
  line: count,
  text: z.string(),
  /** Empty where the task has none. */
  label: z.string(),
  /** Its other parts, by role. */
  fields: z.record(z.string(), z.string()).optional(),
})
export type DatasetRow = z.infer<typeof datasetRowSchema>

/** A row's picture or clip, or what shows it. */
export const mediaFileSchema = z.object({ mime: z.string(), base64: z.string() })
export type MediaFile = z.infer<typeof mediaFileSchema>

export const previewSchema = z.object({
  fileName: z.string(),
  format: fileFormatSchema,
  encoding: z.string(),
  /** CSV only. */
  delimiter: z.string().optional(),
  bytes: count,
  columns: z.array(
    z.object({ name: z.string(), distinct: count, empty: count, meanLength: z.number(), sample: z.string() }),
  ),
  /** What the rows are probably for, where that can be told; null otherwise. */
  suggested: taskSchema.nullable(),
  /** By task: which column is probably what; what cannot be told is left out. */
  guesses: z.record(taskSchema, partialMappingSchema),
  /** First rows as text, one array a row, in column order. */
  rows: z.array(z.object({ line: count, cells: z.array(z.string()) })),
  /** Rows looked at for this preview. */
  scanned: count,
  complete: z.boolean(),
  problems: z.array(rowProblemSchema),
  problemCount: count,
})
export type Preview = z.infer<typeof previewSchema>

export const tokenPreviewSchema = z.object({
  model: z.string(),
  maxLength: count,
  /** Rows that were tokenised for the shares below. */
  scanned: count,
  truncated: count,
  /** Token counts including special tokens, before cutting. */
  lengths: z.object({
    median: z.number(),
    p95: z.number(),
    max: z.number(),
    histogram: z.array(z.object({ upTo: count, count })),
  }),
  rows: z.array(
    z.object({
      row: count,
      label: z.string(),
      tokens: z.array(z.string()),
      ids: z.array(z.number().int()),
      length: count,
      truncated: z.boolean(),
    }),
  ),
})
export type TokenPreview = z.infer<typeof tokenPreviewSchema>

// ---- Models ----

export const modelSchema = z.object({
  id,
  name: z.string(),
  /** The checkpoint's model_type, "bert". */
  architecture: z.string(),
  createdAt: timestamp,
  source: z.string(),
  licence: z.string().optional(),
  parameters: count,
  bytes: count,
  /** SHA-256 of model.safetensors, hex. */
  weightsHash: z.string(),
  tokenizerHash: z.string(),
  /** These are 0 where the architecture has none; without positions, any length will do. */
  vocabSize: count,
  hiddenSize: count,
  layers: count,
  heads: count,
  maxPositions: count,
  /** Names of the linear layers that LoRA can target, by the end of their name. */
  linearModules: z.array(z.string()),
})
export type Model = z.infer<typeof modelSchema>

/** The run that a model is a checkpoint of. */
export interface ModelLineage {
  readonly run: string
  readonly step: number
  /** As the run was called then. */
  readonly name: string
}

const lineagePattern = /^run:([^@]+)@(\d+) (.*)$/s

/** What the source of such a model says: "run:ID@STEP NAME". */
export function lineageSource({ run, step, name }: ModelLineage): string {
  return `run:${run}@${step} ${name}`
}

/** Null for a model that came from elsewhere. */
export function lineageOf({ source }: Pick<Model, 'source'>): ModelLineage | null {
  const [, run, step, name] = lineagePattern.exec(source) ?? []
  return run === undefined || name === undefined ? null : { run, step: Number(step), name }
}

// ---- Runs ----

export const runStates = [
  'queued',
  'running',
  'paused',
  'stopped',
  'finished',
  'failed',
  'interrupted',
  'archived',
] as const
export const runStateSchema = z.enum(runStates)
export type RunState = z.infer<typeof runStateSchema>

export const phases = [
  'starting',
  'loading',
  'tokenizing',
  'compiling',
  'features',
  'training',
  'evaluating',
  'predicting',
  'saving',
] as const
export const phaseSchema = z.enum(phases)
export type Phase = z.infer<typeof phaseSchema>

export const engineInfoSchema = z.object({
  kind: z.enum(['graph', 'eager']),
  backend: z.string(),
  version: z.string(),
  threads: count,
  /** Of the matrix products; absent until a run has decided. */
  precision: z.enum(['fp32', 'bf16']).optional(),
})
export type EngineInfo = z.infer<typeof engineInfoSchema>

/** What the worker worked out before the first step. */
export const runPlanSchema = z.object({
  totalSteps: count,
  stepsPerEpoch: count,
  trainRows: count,
  evalRows: count,
  labels: z.array(z.string()),
  parameters: count,
  trainableParameters: count,
  /** Padded lengths in tokens that programs were made for. */
  lengthBuckets: z.array(count),
  truncatedShare: z.number(),
})
export type RunPlan = z.infer<typeof runPlanSchema>

export const runTimingsSchema = z.object({
  steps: count,
  /** Training only, evaluation and saving excluded. */
  seconds: z.number(),
  totalSeconds: z.number(),
  examplesPerSecond: z.number(),
  /** Real tokens, padding not counted; or what else roles.ts counts in. */
  tokensPerSecond: z.number(),
  medianStepMs: z.number(),
  timeToFirstStepMs: z.number(),
  peakMemoryBytes: z.number(),
})
export type RunTimings = z.infer<typeof runTimingsSchema>

/** One number of a run, with the step it came from. */
export const metricValueSchema = z.object({ value: z.number(), step: count })
/** By series name: the last value and the best one (by the series' direction). */
export const metricSummarySchema = z.object({ last: metricValueSchema, best: metricValueSchema })
export type MetricSummary = z.infer<typeof metricSummarySchema>

export const checkpointSchema = z.object({
  id,
  run: id,
  step: count,
  epoch: z.number(),
  createdAt: timestamp,
  path: z.string(),
  bytes: count,
  /** Of these, the optimizer's state: 0 where there is none, and the run cannot go on from here. */
  optimizerBytes: count,
  best: z.boolean(),
  last: z.boolean(),
  metrics: z.record(z.string(), z.number()),
})
export type Checkpoint = z.infer<typeof checkpointSchema>

/** The run that another came from: a fork of one of its checkpoints, its settings again, or the same run again. */
export const originSchema = z.object({
  kind: z.enum(['fork', 'repeat', 'reproduction']),
  run: id,
  /** As it was called then. */
  name: z.string(),
  /** Of the checkpoint that a fork begins with. */
  step: count.nullable(),
  /** It has been deleted since: what its child needs of it lies with the child. */
  deleted: z.boolean(),
})
export type Origin = z.infer<typeof originSchema>

/** What a run begins with in place of its model's own weights. */
export const runStartSchema = z.object({
  /** Whether the optimizer goes on with what it remembers. */
  optimizer: z.boolean(),
  /** Whether the head is kept: not when the labels are others. */
  head: z.boolean(),
})
export type RunStart = z.infer<typeof runStartSchema>

const sameness = z.enum(['equal', 'different', 'unknown'])
/** What a reproduction came to, beside its original. */
export const reproductionSchema = z.object({
  /** `pending` until it has finished and is compared; `none` when there was nothing to compare. */
  outcome: z.enum(['pending', 'equal', 'different', 'none']),
  /** One or two sentences with the numbers. */
  sentence: z.string(),
  /** Recorded values of training and validation that were compared. */
  values: count,
  /** The first of them that differs, by step; null stands for a value that is not there, or not a number. */
  first: z
    .object({ series: z.string(), step: count, original: z.number().nullable(), reproduced: z.number().nullable() })
    .nullable(),
  /** The tensors of the last checkpoint, by hash. */
  weights: sameness,
  /** Every validation row's answer, loss and probabilities. */
  predictions: sameness,
  /** What is not as it was then, likeliest first. */
  causes: z.array(z.string()),
})
export type Reproduction = z.infer<typeof reproductionSchema>

export const runSchema = z.object({
  id,
  name: z.string(),
  state: runStateSchema,
  phase: phaseSchema.nullable(),
  /** 0 to 1 within the phase, where known. */
  phaseProgress: z.number().nullable(),
  config: runConfigSchema,
  model: z.object({ id, name: z.string(), weightsHash: z.string() }),
  dataset: z.object({ id, name: z.string(), contentHash: z.string() }),
  /** Index into the palette; a run keeps it for life. */
  colour: count,
  createdAt: timestamp,
  startedAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
  /** Milliseconds between start and end in which it lay paused, interrupted or queued again; absent means none. */
  idleMs: count.optional(),
  step: count,
  epoch: z.number(),
  plan: runPlanSchema.nullable(),
  engine: engineInfoSchema.nullable(),
  metrics: z.record(z.string(), metricSummarySchema),
  timings: runTimingsSchema.nullable(),
  error: errorSchema.nullable(),
  stopRequested: z.boolean(),
  /** Bytes that the run's folder takes. */
  bytes: count,
  notes: z.string(),
  appVersion: z.string(),
  /** Absent or null: it was set up by hand. */
  origin: originSchema.nullable().optional(),
  /** Absent or null: the model's own weights. */
  start: runStartSchema.nullable().optional(),
  /** Absent or null: it is no reproduction. */
  reproduction: reproductionSchema.nullable().optional(),
  /** Grows with every commit that touches the run. */
  revision: count,
})
export type Run = z.infer<typeof runSchema>

/** What waits for its turn. */
export const queueSchema = z.object({
  /** Nothing new begins; what is being trained goes on. */
  paused: z.boolean(),
  /** The next first. */
  runs: z.array(id),
})
export type Queue = z.infer<typeof queueSchema>

export const logLevelSchema = z.enum(['info', 'warning', 'error'])
export const logLineSchema = z.object({ seq: count, at: timestamp, level: logLevelSchema, text: z.string() })
export type LogLine = z.infer<typeof logLineSchema>

// ---- Space ----

export const runSpaceSchema = z.object({
  run: id,
  /** What its folder takes; files that another run has too count in both. */
  bytes: count,
  checkpoints: count,
  /** Of these, what removing the checkpoints that are neither best nor last would free. */
  spareBytes: count,
  /** What removing the optimizer's state would free: a run that has not finished could not be resumed afterwards. */
  optimizerBytes: count,
  resumable: z.boolean(),
})
export type RunSpace = z.infer<typeof runSpaceSchema>

export const storageSchema = z.object({
  /** Those that take something, the largest first. */
  runs: z.array(runSpaceSchema),
  /** All runs together; a file that several runs share counts once. */
  runBytes: count,
  datasetBytes: count,
  modelBytes: count,
  exportBytes: count,
  /** Deleted things that can be restored still. */
  trashBytes: count,
  freeDiskBytes: count,
})
export type Storage = z.infer<typeof storageSchema>

// ---- Metrics ----

export interface SeriesInfo {
  readonly name: string
  readonly label: string
  readonly unit: string
  /** Which way is better; null where neither is. */
  readonly better: 'lower' | 'higher' | null
  /** Only recorded for these tasks; for all when absent. */
  readonly tasks?: readonly TaskName[]
}

const classifying: readonly TaskName[] = ['text-classification', 'image-classification', 'audio-classification']
const writing = ['text-generation', 'chat', 'text2text-generation'] as const
const transcribing: readonly TaskName[] = ['automatic-speech-recognition']

/** Every series a run can record. */
export const seriesInfos: readonly SeriesInfo[] = [
  { name: 'train/loss', label: 'Training loss', unit: 'nats', better: 'lower' },
  { name: 'eval/loss', label: 'Validation loss', unit: 'nats', better: 'lower' },
  {
    name: 'eval/accuracy',
    label: 'Validation accuracy',
    unit: '',
    better: 'higher',
    tasks: [...classifying, 'decision-making'],
  },
  { name: 'eval/f1', label: 'Validation F1 (macro)', unit: '', better: 'higher', tasks: classifying },
  {
    name: 'eval/perplexity',
    label: 'Validation perplexity',
    unit: '',
    better: 'lower',
    tasks: [...writing, 'fill-mask'],
  },
  {
    name: 'eval/token_accuracy',
    label: 'Validation token accuracy',
    unit: '',
    better: 'higher',
    tasks: [...writing, 'image-text-to-text', 'fill-mask', 'token-classification'],
  },
  { name: 'eval/bleu', label: 'Validation BLEU', unit: '', better: 'higher', tasks: ['text2text-generation'] },
  { name: 'eval/chrf', label: 'Validation chrF', unit: '', better: 'higher', tasks: ['text2text-generation'] },
  {
    name: 'eval/exact_match',
    label: 'Validation exact match',
    unit: '',
    better: 'higher',
    tasks: ['text2text-generation', 'image-text-to-text', 'question-answering'],
  },
  {
    name: 'eval/edit_distance',
    label: 'Validation edit distance',
    unit: '',
    better: 'lower',
    tasks: ['text2text-generation'],
  },
  { name: 'eval/success', label: 'Orders carried out', unit: '', better: 'higher', tasks: ['image-text-to-text'] },
  ...(
    [
      ['reward_accuracy', 'Chosen over rejected', '', 'higher'],
      ['reward_margin', 'Reward margin', 'nats', 'higher'],
      ['reward_chosen', 'Reward of chosen answers', 'nats', null],
      ['reward_rejected', 'Reward of rejected answers', 'nats', null],
    ] as const
  ).map(([name, label, unit, better]) => ({
    name: `eval/${name}`,
    label,
    unit,
    better,
    tasks: ['preference'] as const,
  })),
  { name: 'eval/return', label: 'Episode return', unit: '', better: 'higher', tasks: ['decision-making'] },
  {
    name: 'eval/score',
    label: 'Score (chance 0, expert 100)',
    unit: '',
    better: 'higher',
    tasks: ['decision-making'],
  },
  { name: 'eval/wer', label: 'Validation word error rate', unit: '', better: 'lower', tasks: transcribing },
  { name: 'eval/cer', label: 'Validation character error rate', unit: '', better: 'lower', tasks: transcribing },
  { name: 'eval/mse', label: 'Mean squared error', unit: '', better: 'lower', tasks: ['text-regression'] },
  { name: 'eval/rmse', label: 'Root mean squared error', unit: '', better: 'lower', tasks: ['text-regression'] },
  { name: 'eval/pearson', label: 'Pearson correlation', unit: '', better: 'higher', tasks: ['text-regression'] },
  { name: 'eval/spearman', label: 'Spearman correlation', unit: '', better: 'higher', tasks: ['text-regression'] },
  { name: 'eval/entity_f1', label: 'Entity F1', unit: '', better: 'higher', tasks: ['token-classification'] },
  { name: 'eval/precision', label: 'Entity precision', unit: '', better: 'higher', tasks: ['token-classification'] },
  { name: 'eval/recall', label: 'Entity recall', unit: '', better: 'higher', tasks: ['token-classification'] },
  { name: 'eval/answer_f1', label: 'Answer F1', unit: '', better: 'higher', tasks: ['question-answering'] },
  { name: 'train/learning_rate', label: 'Learning rate', unit: '', better: null },
  { name: 'train/grad_norm', label: 'Gradient norm', unit: '', better: null },
  { name: 'perf/examples_per_second', label: 'Examples per second', unit: '1/s', better: 'higher' },
  {
    name: 'perf/tokens_per_second',
    label: 'Tokens per second',
    unit: '1/s',
    better: 'higher',
    tasks: tasks.filter((task) => countedIn(task) === 'tokens'),
  },
  { name: 'perf/memory', label: 'Memory', unit: 'bytes', better: 'lower' },
]

/** Whether a run of this task records a series. */
export function isRecorded({ tasks }: SeriesInfo, task: TaskName): boolean {
  return tasks?.includes(task) ?? true
}

/** What a run is judged by, rather than how its training went. */
export function isResult({ name }: SeriesInfo): boolean {
  return name === 'train/loss' || name.startsWith('eval/')
}

export const xAxisSchema = z.enum(['step', 'epoch', 'examples', 'tokens', 'time'])
export type XAxis = z.infer<typeof xAxisSchema>

/** One curve, thinned to buckets that keep every extreme. Columns of equal length; `x` ascending. */
export const seriesSchema = z.object({
  run: id,
  series: z.string(),
  /** Points recorded before thinning. */
  total: count,
  x: z.array(z.number()),
  /** The step of the bucket's last point. */
  step: z.array(z.number()),
  min: z.array(z.number().nullable()),
  max: z.array(z.number().nullable()),
  /** The bucket's last value; null where it was not finite. */
  last: z.array(z.number().nullable()),
  /** Debiased exponential moving average over all recorded points, read at the bucket's last point. */
  smooth: z.array(z.number().nullable()),
})
export type Series = z.infer<typeof seriesSchema>

// ---- Predictions and comparison ----

export const predictionSchema = z.object({
  /** The likeliest class; null where there are none. */
  label: z.string().nullable(),
  /** Probability per class, in the order of the run's labels. */
  scores: z.array(z.number()),
  /** What the model says as text: see the task. Absent where its class is all. */
  answer: z.string().optional(),
})
export type Prediction = z.infer<typeof predictionSchema>

export const examplePredictionSchema = z.object({
  row: count,
  /** The predicted class; null where there are none. */
  predicted: z.string().nullable(),
  /** Its probability. */
  confidence: z.number().nullable(),
  /** Cross-entropy of this example, nats. */
  loss: z.number(),
  /** What the row is judged by, where that is not its class. */
  value: z.number(),
  /** What the model said, as text: see the task. Absent where it says none. */
  answer: z.string().optional(),
  /** Right; where runs are judged by values, no compared run is better here. */
  correct: z.boolean(),
})
export type ExamplePrediction = z.infer<typeof examplePredictionSchema>

/** How often each class was taken for each other: a row is a class, its columns what it was taken for. */
export const confusionSchema = z.object({
  labels: z.array(z.string()),
  /** Validation rows, by class and then by prediction. */
  counts: z.array(z.array(count)),
})
export type Confusion = z.infer<typeof confusionSchema>

export const verdictSchema = z.object({
  baseline: id,
  candidate: id,
  outcome: z.enum(['better', 'worse', 'cannot tell']),
  /** One sentence with the numbers. */
  sentence: z.string(),
  /** How and by what, as contract/judgement.ts says of the task. */
  by: z.enum(['right', 'values']),
  metric: z.string(),
  unit: z.string(),
  examples: count,
  /** Accuracies, or means of the values. */
  means: z.object({ baseline: z.number(), candidate: z.number() }),
  /** Both right, only the baseline right, only the candidate right, neither; by values: alike, either better, and 0. */
  bothRight: count,
  onlyBaseline: count,
  onlyCandidate: count,
  bothWrong: count,
  /** Candidate minus baseline, and its 95 % interval (paired bootstrap; Student's by values). */
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  /** Exact two-sided McNemar test; by values a sign-flip test. */
  pValue: z.number(),
  /** Examples needed to tell a difference of this size apart from chance (80 % power), when it could not be told. */
  examplesNeeded: count.nullable(),
})
export type Verdict = z.infer<typeof verdictSchema>

/** `wrong`: at least one run is; the four at the end are the cells of the two-by-two table of a pair. */
export const outputFilterSchema = z.enum([
  'all',
  'disagree',
  'wrong',
  'all-right',
  'only-baseline-right',
  'only-candidate-right',
  'all-wrong',
])
export type OutputFilter = z.infer<typeof outputFilterSchema>

export const outputRowSchema = z.object({
  row: count,
  text: z.string(),
  label: z.string(),
  /** The row's other parts, by role. */
  fields: z.record(z.string(), z.string()).optional(),
  /** One per compared run, in order. */
  predictions: z.array(examplePredictionSchema),
})
export type OutputRow = z.infer<typeof outputRowSchema>

export const outputsSchema = z.object({
  /** Validation rows that every compared run predicted, on the same dataset version. */
  common: count,
  /** Those among them on which the runs' predictions differ. */
  disagree: count,
  /** Why there is nothing, or less than a run's whole validation set; null when all is common. */
  note: z.string().nullable(),
  /** Rows that pass the filter. */
  matching: count,
  rows: z.array(outputRowSchema),
})
export type Outputs = z.infer<typeof outputsSchema>

export const configDiffRowSchema = z.object({
  setting: z.string(),
  /** One per compared run, in order; JSON values, null where a run has none. */
  values: z.array(z.unknown()),
  differs: z.boolean(),
})
export type ConfigDiffRow = z.infer<typeof configDiffRowSchema>

const meanAndDeviation = z.object({ mean: z.number(), deviation: z.number() })
/** A metric over the finished runs that differ by their seed alone: mean and sample standard deviation. */
export const metricSpreadSchema = z.object({ runs: count, last: meanAndDeviation, best: meanAndDeviation })
export type MetricSpread = z.infer<typeof metricSpreadSchema>

export const metricRowSchema = z.object({
  series: z.string(),
  label: z.string(),
  unit: z.string(),
  better: z.enum(['lower', 'higher']).nullable(),
  /** One per compared run, in order; null where a run has none. `delta` is against the baseline. */
  values: z.array(
    z
      .object({
        last: metricValueSchema,
        best: metricValueSchema,
        deltaLast: z.number(),
        deltaBest: z.number(),
        /** Over this run and its repeats; null or absent where there are none. */
        spread: metricSpreadSchema.nullable().optional(),
      })
      .nullable(),
  ),
})
export type MetricRow = z.infer<typeof metricRowSchema>

export const comparisonSchema = z.object({
  /** The baseline first. */
  runs: z.array(runSchema),
  /** One per run after the baseline; null where there is nothing in common to judge on. */
  verdict: z.array(verdictSchema.nullable()),
  curves: z.array(seriesSchema),
  /** Differences first. */
  configDiff: z.array(configDiffRowSchema),
  metrics: z.array(metricRowSchema),
  outputs: outputsSchema,
})
export type Comparison = z.infer<typeof comparisonSchema>

/** How well runs do on texts of each length. */
export const byLengthSchema = z.object({
  /** The model whose tokens are counted. */
  tokensOf: z.string(),
  /** What a value is: "accuracy". */
  label: z.string(),
  unit: z.string(),
  better: z.enum(['lower', 'higher']),
  buckets: z.array(
    z.object({
      from: count,
      /** Null: and more. */
      to: count.nullable(),
      rows: count,
      /** The mean of these rows, by run. */
      values: z.array(z.number()),
    }),
  ),
})
export type ByLength = z.infer<typeof byLengthSchema>

// ---- The app itself ----

export const appInfoSchema = z.object({
  version: z.string(),
  platform: z.string(),
  home: z.string(),
  /** The engine that a run with engine "auto" gets; null with a reason when none can be loaded. */
  engine: engineInfoSchema.nullable(),
  engineProblem: z.string().nullable(),
  cpu: z.string(),
  cores: count,
  memoryBytes: count,
  freeMemoryBytes: count,
  freeDiskBytes: count,
  usedDiskBytes: count,
  samples: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      licence: z.string(),
      task: taskSchema,
      available: z.boolean(),
    }),
  ),
  starters: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      licence: z.string(),
      available: z.boolean(),
    }),
  ),
})
export type AppInfo = z.infer<typeof appInfoSchema>
