import { z } from 'zod'
import {
  appInfoSchema,
  byLengthSchema,
  checkpointSchema,
  comparisonSchema,
  confusionSchema,
  datasetRowSchema,
  datasetSchema,
  logLineSchema,
  mediaFileSchema,
  modelSchema,
  modelSourceSchema,
  outputFilterSchema,
  outputsSchema,
  partialMappingSchema,
  predictionSchema,
  previewSchema,
  queueSchema,
  runSchema,
  seriesSchema,
  sourceSchema,
  storageSchema,
  tokenPreviewSchema,
  xAxisSchema,
} from './domain.ts'
import { generationOptionsSchema, generationSchema } from './generation.ts'
import { paceSchema } from './pace.ts'
import { preflightSchema } from './preflight.ts'
import { presetNames } from './presets.ts'
import { recurrentTypes } from './recurrent-baseline.ts'
import { runConfigInputSchema, taskSchema } from './settings.ts'
import { tokenizerKinds } from './tokenizers.ts'

const id = z.string().min(1)
const none = z.strictObject({})
const offset = z.number().int().min(0).default(0)
/** A checkpoint of a run: by what it is, or by its step. */
const checkpoint = z.union([z.enum(['best', 'last']), z.number().int().min(0)]).default('best')
/** For a person who knows better than the forecast. */
const ignorePreflight = z.boolean().default(false)
const limit = z.number().int().min(1).max(500).default(50)

/** Inputs that one prediction takes: texts, and files, which are decoded side by side in memory. */
export const mostInputs = { texts: 10_000, files: 500 } as const

/** The whole API: one line a method. Types, allow-list, HTTP route, CLI and tests derive from this table. */
export const methods = {
  'app.info': { input: none, output: appInfoSchema },

  'datasets.preview': {
    input: z.strictObject({
      source: sourceSchema,
      encoding: z.string().optional(),
      delimiter: z.string().max(1).optional(),
    }),
    output: previewSchema,
  },
  'datasets.import': {
    input: z.strictObject({
      source: sourceSchema,
      name: z.string().trim().min(1).max(200).optional(),
      /** Absent: the sample's own, else what the file suggests, else text classification. */
      task: taskSchema.optional(),
      /** Columns by role; those that are left out are guessed. */
      mapping: partialMappingSchema.optional(),
      encoding: z.string().optional(),
      delimiter: z.string().max(1).optional(),
      /** What to do with rows that cannot be used. */
      onBadRows: z.enum(['stop', 'skip']).default('skip'),
    }),
    output: z.object({ dataset: datasetSchema }),
  },
  'datasets.list': { input: none, output: z.object({ datasets: z.array(datasetSchema) }) },
  'datasets.get': { input: z.strictObject({ id }), output: z.object({ dataset: datasetSchema }) },
  'datasets.rows': {
    input: z.strictObject({ id, offset, limit, label: z.string().optional(), search: z.string().optional() }),
    output: z.object({ total: z.number().int(), rows: z.array(datasetRowSchema) }),
  },
  /** The picture or clip of a row: itself, small for a list, or as a picture of its sound. */
  'datasets.media': {
    input: z.strictObject({
      id,
      row: z.number().int().min(0),
      as: z.enum(['file', 'thumbnail', 'mel']).default('file'),
    }),
    output: mediaFileSchema,
  },
  'datasets.tokens': {
    input: z.strictObject({ id, model: id, maxLength: z.number().int().min(8).max(4096), limit: limit.default(5) }),
    output: tokenPreviewSchema,
  },
  'datasets.rename': {
    input: z.strictObject({ id, name: z.string().trim().min(1).max(200) }),
    output: z.object({ dataset: datasetSchema }),
  },
  'datasets.delete': { input: z.strictObject({ id }), output: z.object({ bytes: z.number() }) },
  'datasets.restore': { input: z.strictObject({ id }), output: z.object({ dataset: datasetSchema }) },

  'models.add': {
    input: z.strictObject({ source: modelSourceSchema, name: z.string().trim().min(1).max(200).optional() }),
    output: z.object({ model: modelSchema }),
  },
  /** Makes a run's checkpoint a model to start from; an adapter is merged into its base. */
  'models.fromRun': {
    input: z.strictObject({ run: id, checkpoint, name: z.string().trim().min(1).max(200).optional() }),
    output: z.object({ model: modelSchema }),
  },
  /** A model that has learned nothing yet. `task` tells progress, and cancels. */
  'models.create': {
    input: z.strictObject({
      architecture: z.string().min(1),
      size: z.enum(presetNames).default('tiny'),
      /** Sizes that are to be others than the preset's: see presets.ts. */
      fields: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])).default({}),
      /** Left out where the architecture reads no text. */
      tokenizer: z
        .discriminatedUnion('from', [
          z.strictObject({ from: z.literal('model'), model: id }),
          z.strictObject({
            from: z.literal('dataset'),
            dataset: id,
            kind: z.enum(tokenizerKinds),
            vocabSize: z.number().int().min(300).max(200_000).default(8000),
            /** WordPiece only. */
            lowercase: z.boolean().default(true),
          }),
        ])
        .optional(),
      seed: z.number().int().min(0).max(2147483647).default(42),
      name: z.string().trim().min(1).max(200).optional(),
      task: z.string().min(1).optional(),
    }),
    output: z.object({ model: modelSchema }),
  },
  /** Ends a models.create or a download under way, whose call then rejects with `stopped`. Does nothing where there is none. */
  'models.cancel': { input: z.strictObject({ task: z.string().min(1) }), output: z.object({}) },
  'models.list': { input: none, output: z.object({ models: z.array(modelSchema) }) },
  'models.rename': {
    input: z.strictObject({ id, name: z.string().trim().min(1).max(200) }),
    output: z.object({ model: modelSchema }),
  },
  'models.delete': { input: z.strictObject({ id }), output: z.object({ bytes: z.number() }) },
  'models.restore': { input: z.strictObject({ id }), output: z.object({ model: modelSchema }) },

  /** Refuses what cannot fit on this machine (`does_not_fit`), unless told to ignore that. */
  'runs.create': {
    input: z.strictObject({ config: runConfigInputSchema, ignorePreflight }),
    output: z.object({ run: runSchema }),
  },
  /** What a run would need. `measure` tries steps out, for which `task` tells progress and cancels. */
  'runs.preflight': {
    input: z.strictObject({
      config: runConfigInputSchema,
      measure: z.boolean().default(false),
      task: z.string().min(1).optional(),
    }),
    output: z.object({ preflight: preflightSchema }),
  },
  /** Ends a preflight, whose call then rejects with `stopped`. Does nothing where there is none. */
  'runs.cancelPreflight': { input: z.strictObject({ task: z.string().min(1) }), output: z.object({}) },
  'runs.list': { input: none, output: z.object({ runs: z.array(runSchema) }) },
  'runs.get': { input: z.strictObject({ id }), output: z.object({ run: runSchema }) },
  /** Ends a queued or running run after its present step; `keep` writes a last checkpoint first. */
  'runs.stop': { input: z.strictObject({ id, keep: z.boolean().default(true) }), output: z.object({ run: runSchema }) },
  /** Ends the thread of a running run after its present step, so that it can go on exactly there; frees its memory. */
  'runs.pause': { input: z.strictObject({ id }), output: z.object({ run: runSchema }) },
  /** Queues a paused, stopped, interrupted or failed run again from its last checkpoint. */
  'runs.resume': { input: z.strictObject({ id }), output: z.object({ run: runSchema }) },
  /** Queues the same settings again under other seeds. */
  'runs.repeat': {
    input: z.strictObject({ id, seeds: z.array(z.number().int().min(0).max(2147483647)).min(1).max(20) }),
    output: z.object({ runs: z.array(runSchema) }),
  },
  /**
   * Queues a new run that begins with a checkpoint's weights, from step 0. `config` absent: the settings of its parent.
   * `optimizer`: AdamW's moments and the like go along; the schedule begins anew either way.
   */
  'runs.fork': {
    input: z.strictObject({
      id,
      checkpoint,
      optimizer: z.boolean().default(false),
      config: runConfigInputSchema.optional(),
      ignorePreflight,
    }),
    output: z.object({ run: runSchema }),
  },
  /** Queues exactly the same run again; once it has finished, its record says whether it came out equal. */
  /**
   * Queues a run of a recurrent model that has about as many parameters as this run's model and reads the same tokens,
   * with the same data and settings but for the rate. The model is made where it is not there yet.
   */
  'runs.recurrentBaseline': {
    input: z.strictObject({
      id,
      architecture: z.enum(recurrentTypes).default('lstm'),
      ignorePreflight,
    }),
    output: z.object({ model: modelSchema, run: runSchema }),
  },
  /** How long steps of a run's model take by rows and by length, on this machine, now. Progress is told under the run's id. */
  'runs.pace': { input: z.strictObject({ id }), output: z.object({ pace: paceSchema }) },
  'runs.reproduce': { input: z.strictObject({ id }), output: z.object({ run: runSchema }) },
  'runs.update': {
    input: z.strictObject({
      id,
      name: z.string().trim().min(1).max(200).optional(),
      notes: z.string().max(20_000).optional(),
    }),
    output: z.object({ run: runSchema }),
  },
  'runs.archive': { input: z.strictObject({ id, archived: z.boolean() }), output: z.object({ run: runSchema }) },
  'runs.delete': { input: z.strictObject({ id }), output: z.object({ bytes: z.number() }) },
  'runs.restore': { input: z.strictObject({ id }), output: z.object({ run: runSchema }) },
  'runs.log': {
    input: z.strictObject({
      id,
      after: z.number().int().min(-1).default(-1),
      limit: z.number().int().min(1).max(5000).default(1000),
    }),
    output: z.object({ lines: z.array(logLineSchema) }),
  },
  /** Of the best evaluation; null where the run has no classes, or was not evaluated yet. */
  'runs.confusion': { input: z.strictObject({ id }), output: z.object({ confusion: confusionSchema.nullable() }) },
  'runs.checkpoints': { input: z.strictObject({ id }), output: z.object({ checkpoints: z.array(checkpointSchema) }) },
  /** Copies a checkpoint as a Hugging Face (or PEFT) folder below the exports folder, and says where. */
  'runs.export': {
    input: z.strictObject({
      id,
      checkpoint,
      merge: z.boolean().default(false),
    }),
    output: z.object({ path: z.string(), bytes: z.number(), files: z.array(z.string()) }),
  },
  /**
   * What a run says to inputs, of which each has what inputRoles (roles.ts) names: a text, a file, other parts. `task` tells
   * progress, and cancels.
   */
  'runs.predict': {
    input: z.strictObject({
      id,
      checkpoint,
      /** Left out where inputs are files alone. */
      texts: z.array(z.string().max(100_000)).min(1).max(mostInputs.texts).optional(),
      /** Of each input: what else the task reads of a row (a question), by role. */
      fields: z
        .array(z.record(z.string(), z.string().max(100_000)))
        .max(mostInputs.texts)
        .optional(),
      /** Of each input: the handle of its picture or clip, or a row of the run's dataset that has one. */
      files: z
        .array(z.union([id, z.strictObject({ row: z.number().int().min(0) })]))
        .min(1)
        .max(mostInputs.files)
        .optional(),
      task: z.string().min(1).optional(),
    }),
    output: z.object({ labels: z.array(z.string()), predictions: z.array(predictionSchema) }),
  },
  /** Ends a prediction, whose call then rejects with `stopped`. Does nothing where there is none. */
  'runs.cancelPrediction': { input: z.strictObject({ task: z.string().min(1) }), output: z.object({}) },

  'queue.get': { input: none, output: queueSchema },
  /** Whether queued runs begin when their turn comes, in any process. */
  'queue.pause': { input: z.strictObject({ paused: z.boolean() }), output: queueSchema },
  'queue.move': {
    input: z.strictObject({ id, to: z.enum(['front', 'up', 'down', 'back']) }),
    output: queueSchema,
  },

  'storage.get': { input: none, output: storageSchema },
  /**
   * Removes checkpoints that are neither best nor last, and where asked for the optimizer's state, of these runs; of all
   * that have ended when none are named, the optimizer's state then only of those that have finished. For a minute it
   * can be undone.
   */
  'storage.free': {
    input: z.strictObject({
      runs: z.array(id).min(1).max(1000).optional(),
      checkpoints: z.boolean().default(true),
      optimizer: z.boolean().default(false),
    }),
    output: z.object({ bytes: z.number(), undo: z.string().nullable() }),
  },
  'storage.undo': { input: z.strictObject({ undo: z.string().min(1) }), output: z.object({ bytes: z.number() }) },
  /** Removes for good what was deleted. */
  'storage.emptyTrash': { input: none, output: z.object({ bytes: z.number() }) },

  /** Has a run's weights continue texts; `generation` pushes tell when there is more to get. One is written at a time. */
  'generations.start': {
    input: z.strictObject({
      run: id,
      checkpoint,
      prompts: z.array(z.string().max(100_000)).min(1).max(64),
      options: generationOptionsSchema.default(generationOptionsSchema.parse({})),
    }),
    output: z.object({ generation: generationSchema }),
  },
  'generations.get': { input: z.strictObject({ id }), output: z.object({ generation: generationSchema }) },
  'generations.cancel': { input: z.strictObject({ id }), output: z.object({ generation: generationSchema }) },

  'metrics.series': {
    input: z.strictObject({
      runs: z.array(id).min(1).max(50),
      series: z.array(z.string()).min(1).max(20),
      x: xAxisSchema.default('step'),
      /** Only points after this step: how a follower fetches what it lacks. */
      after: z.number().int().min(-1).default(-1),
      /** Buckets at most per curve: the width in pixels that will be drawn. */
      width: z.number().int().min(2).max(4000).default(800),
      smoothing: z.number().min(0).max(0.999).default(0.6),
    }),
    output: z.object({ series: z.array(seriesSchema) }),
  },

  'comparisons.get': {
    input: z.strictObject({
      /** The first is the baseline. */
      runs: z.array(id).min(2).max(12),
      width: z.number().int().min(2).max(4000).default(800),
      filter: outputFilterSchema.default('all'),
      offset,
      limit,
    }),
    output: comparisonSchema,
  },
  /** The common rows of runs by how long they are; null where there are none, or no text. */
  'comparisons.byLength': {
    input: z.strictObject({ runs: z.array(id).min(2).max(12) }),
    output: z.object({ byLength: byLengthSchema.nullable() }),
  },
  'comparisons.outputs': {
    input: z.strictObject({
      runs: z.array(id).min(2).max(12),
      filter: outputFilterSchema.default('all'),
      search: z.string().optional(),
      offset,
      limit,
    }),
    output: outputsSchema,
  },
} as const

export type Methods = typeof methods
export type MethodName = keyof Methods
/** What a caller sends (defaults may be left out). */
export type Input<M extends MethodName> = z.input<Methods[M]['input']>
/** What a handler receives. */
export type ParsedInput<M extends MethodName> = z.output<Methods[M]['input']>
export type Output<M extends MethodName> = z.output<Methods[M]['output']>

/** One function per method: the shape of the app as seen through the contract. */
export type Handlers = { [M in MethodName]: (input: ParsedInput<M>) => Output<M> | Promise<Output<M>> }

/** The typed call that every client offers. Rejects with AttuneError. */
export type Call = <M extends MethodName>(method: M, input: Input<M>) => Promise<Output<M>>
