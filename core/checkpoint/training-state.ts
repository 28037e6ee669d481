import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AttuneError } from '../contract/errors.ts'
import { runConfigSchema } from '../contract/settings.ts'
import { codeOf } from '../util/files.ts'

/**
 * What a run needs beside its weights to go on exactly where a checkpoint was written. All randomness is a function of
 * the seed and these integers, so there is no generator to save. The optimizer's tensors lie beside it.
 */
export const trainingStateFile = 'training_state.json'
export const optimizerFile = 'optimizer.safetensors'
/** What an evaluated checkpoint predicted for the validation rows: the predictions of the run, should it end best. */
export const evaluationFile = 'evaluation.json'

/** Files of a checkpoint that are no part of a model: an export leaves them behind. */
export const runFiles: ReadonlySet<string> = new Set([
  'trainer_state.json',
  trainingStateFile,
  optimizerFile,
  evaluationFile,
])

const count = z.number().int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const positionSchema = z.object({
  step: count,
  epoch: z.number(),
  metrics: z.record(z.string(), z.number()),
})

const stateSchema = z.object({
  version: z.literal(1),
  /** Whole epochs, optimizer steps, and micro-batches of the step after them whose gradients are added up already. */
  position: z.object({ epoch: count, step: count, microStep: count }),
  /** What those micro-batches came to: the sum of their losses. */
  begun: z.object({ loss: z.number() }).nullable().default(null),
  /** Metrics of this very checkpoint; empty when it was not evaluated. */
  metrics: z.record(z.string(), z.number()),
  counters: z.object({
    examples: count,
    tokens: count,
    elapsedMs: z.number(),
    /** Of all sittings up to here; how many steps took so long, by the bins of train/stopwatch.ts. */
    timing: z
      .object({
        totalMs: z.number(),
        timeToFirstStepMs: z.number().nullable(),
        /** Of a begun step. */
        partMs: z.number(),
        peakMemoryBytes: z.number(),
        stepTimes: z.array(z.tuple([z.number().int(), count])),
      })
      .optional(),
  }),
  /** Updates that the optimizer had made before the first step of this run: a fork may take it over. */
  optimizerSteps: count.default(0),
  /** Steps since the last point on the training curves, when logging_steps is more than 1. */
  window: z.object({ losses: z.array(z.number()), gradNorm: z.number(), learningRate: z.number() }),
  best: positionSchema.nullable(),
  earlyStopping: z.object({ withoutImprovement: count }),
  config: runConfigSchema,
  /** SHA-256 of everything that the numbers depend on beside the settings. */
  hashes: z.object({
    ...{ model: sha256, dataset: sha256, labels: sha256, rows: sha256 },
    // A model that reads no text has none.
    tokenizer: sha256.or(z.literal('')),
  }),
  layout: z.object({
    trainBuckets: z.array(count).readonly(),
    evaluateBuckets: z.array(count).readonly(),
    stepsPerEpoch: count,
    totalSteps: count,
  }),
  engine: z.object({
    kind: z.string(),
    backend: z.string(),
    version: z.string(),
    threads: count,
    precision: z.enum(['fp32', 'bf16']),
  }),
})
export type TrainingState = z.infer<typeof stateSchema>

/** Rows and class ids are whole numbers, the rest is not: each column comes back as it was. */
const columnSchema = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['int32', 'float64']), values: z.array(z.number()) }),
  z.object({ type: z.literal('text'), values: z.array(z.string()) }),
])
const evaluationSchema = z.record(z.string(), columnSchema)

/** What a model said about rows, by column: see tasks/task.ts. */
export type EvaluationColumns = Readonly<Record<string, Int32Array | Float64Array | readonly string[]>> & {
  readonly rows: Int32Array
  readonly loss: Float64Array
}

export async function writeTrainingState(dir: string, state: TrainingState): Promise<void> {
  await writeFile(join(dir, trainingStateFile), `${JSON.stringify(state, null, 2)}\n`)
}

/** Throws AttuneError: not_found (a checkpoint without a state), bad_file. */
export async function readTrainingState(dir: string): Promise<TrainingState> {
  return parse(await readText(dir, trainingStateFile), stateSchema, join(dir, trainingStateFile))
}

export async function writeEvaluation(dir: string, columns: EvaluationColumns): Promise<void> {
  const written = Object.entries(columns).map(([name, column]) => {
    return [name, { type: typeOf(column), values: Array.from<number | string>(column) }] as const
  })
  await writeFile(join(dir, evaluationFile), JSON.stringify(Object.fromEntries(written)))
}

/** Throws as readTrainingState. */
export async function readEvaluation(dir: string): Promise<EvaluationColumns> {
  const path = join(dir, evaluationFile)
  const written = Object.entries(parse(await readText(dir, evaluationFile), evaluationSchema, path))
  const columns = Object.fromEntries(written.map(([name, column]) => [name, columnOf(column)]))
  const { rows, loss } = columns
  if (rows instanceof Int32Array && loss instanceof Float64Array) return { ...columns, rows, loss }
  throw new AttuneError('bad_file', `${path} is not what a run wrote.`)
}

function typeOf(column: EvaluationColumns[string]): z.infer<typeof columnSchema>['type'] {
  if (column instanceof Int32Array) return 'int32'
  return column instanceof Float64Array ? 'float64' : 'text'
}

function columnOf(column: z.infer<typeof columnSchema>): EvaluationColumns[string] {
  if (column.type === 'text') return column.values
  return column.type === 'int32' ? Int32Array.from(column.values) : Float64Array.from(column.values)
}

async function readText(dir: string, name: string): Promise<string> {
  try {
    return await readFile(join(dir, name), 'utf8')
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause
    throw new AttuneError(
      'not_found',
      `The checkpoint in ${dir} has no ${name}: a run cannot go on from it.`,
      undefined,
      {
        cause,
      },
    )
  }
}

function parse<T>(text: string, schema: z.ZodType<T>, path: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new AttuneError('bad_file', `${path} is not what a run wrote.`, undefined, { cause })
  }
}
