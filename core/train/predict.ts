import { readJson, readModelConfig } from '../checkpoint/config.ts'
import type { DatasetRow, Prediction } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { mediaOf } from '../contract/roles.ts'
import type { TaskName } from '../contract/settings.ts'
import { type RowFiles, readUndecoded } from '../data/media/media-file.ts'
import { openRowStore, type RowStore } from '../data/row-store.ts'
import { readTokenizerIfAny, type Tokenizer } from '../data/tokenizers/tokenizer.ts'
import { openEngine } from '../engine/open.ts'
import { preparationOf } from '../tasks/preparation.ts'
import type { InputReading, PredictionColumns, RunOwn } from '../tasks/task.ts'
import type { PredictSpec } from '../worker/protocol.ts'
import { nameFailure } from './failures.ts'
import { type LoadedModel, loadModel } from './load-model.ts'
import { bucketsOf } from './plan.ts'
import { evaluateProgram, ownProgram, sessionSpec } from './programs.ts'
import type { Reporter } from './reporter.ts'
import { type Control, checkAnyStop } from './stop.ts'
import { trainableOf } from './trainable.ts'
import { restoreVariables } from './weights.ts'

/** Where a prediction is, and how far. */
type Telling = Pick<Reporter, 'phase' | 'progress'>

/**
 * What a checkpoint says about inputs, in their order: each is a row of a dataset that nobody knows the answer to, and is
 * evaluated as such. A stop is heeded between inputs and between programs: of what writes, at every token. Rejects with
 * AttuneError: bad_file (a checkpoint that is not whole, a file that cannot be decoded), bad_data (an input that is none),
 * not_found (a file, or a dataset that is needed), no_engine, out_of_memory, unsupported (a task that predicts nothing of
 * single rows), stopped.
 */
export async function predict(
  spec: PredictSpec,
  reporter: Telling = { phase: () => {}, progress: () => {} },
  control: Control = { stop: () => 0 },
): Promise<Prediction[]> {
  if (spec.texts.length === 0) return []
  const dataset = new RunDataset(spec.datasetDir)
  try {
    return await predictRows(spec, dataset, reporter, control)
  } catch (thrown) {
    const { per_device_eval_batch_size: batch } = spec.config
    throw nameFailure(thrown, `Choose a per_device_eval_batch_size below ${batch}, or fewer or shorter inputs.`)
  } finally {
    dataset.close()
  }
}

async function predictRows(
  spec: PredictSpec,
  dataset: RunDataset,
  reporter: Telling,
  control: Control,
): Promise<Prediction[]> {
  const { config, labels, texts, fields, threads } = spec
  reporter.phase('loading')
  // An adapter leans on its base model; any other checkpoint is a whole model folder.
  const folder = config.method === 'lora' ? spec.modelDir : spec.checkpointDir
  const { modelType } = await readModelConfig(folder)
  const { inputs } = preparationOf(config, modelType)
  if (!inputs) throw new AttuneError('unsupported', `A run for ${config.task} predicts nothing of single rows.`)
  const options = { maxLength: config.max_length, asked: config }
  const model = await loadModel(folder, config.task, labels.length, options)
  const trainable = trainableOf(model, config)
  const rows = texts.map(
    (text, row): DatasetRow => ({ row, line: row + 1, text, label: '', ...(fields?.[row] && { fields: fields[row] }) }),
  )
  const tokenizer = (await readTokenizerIfAny(folder))?.build() ?? null
  const reading = await readingOf(spec, folder, model, tokenizer, dataset)
  reporter.phase('tokenizing')
  let read = 0
  const encoded = await inputs(rows, labels, reading, config, () => {
    checkAnyStop(control)
    reporter.progress(++read, rows.length)
  })
  const batchSize = Math.max(1, Math.min(config.per_device_eval_batch_size, encoded.lengths.length))
  const buckets = bucketsOf(encoded, config)
  const engine = await openEngine(config.engine, threads)
  // Of what an evaluation writes for some rows only, a prediction is of all.
  const programs = { ...config, per_device_eval_batch_size: batchSize, generation_max_samples: texts.length }
  const precision = await engine.precision(config.precision)
  const session = await engine.open(
    sessionSpec(model, trainable, programs, { train: [], evaluate: buckets }, precision),
  )
  const run: RunOwn = (program, feeds) => {
    checkAnyStop(control)
    return session.run(program, feeds)
  }
  try {
    await restoreVariables(session, model, trainable, spec.checkpointDir)
    reporter.phase('predicting')
    const scored = model.task.score(
      encoded,
      { buckets, batchSize, padId: tokenizer?.padId ?? 0 },
      programs,
      ({ length, feeds }) => run(evaluateProgram(length), feeds),
      (done, total) => reporter.progress(done, total),
      {
        model,
        own: (name, feeds) => run(ownProgram(name), feeds),
        get tokenizer() {
          return reading.tokenizer
        },
      },
    )
    return inOrder(model.task.predictions(scored), texts.length, labels)
  } finally {
    session.close()
  }
}

/** How the inputs are read. */
async function readingOf(
  { config, files }: PredictSpec,
  modelDir: string,
  { json, head, config: modelConfig }: LoadedModel,
  tokenizer: Tokenizer | null,
  dataset: RunDataset,
): Promise<InputReading> {
  return {
    get tokenizer() {
      if (tokenizer) return tokenizer
      throw new AttuneError('not_found', `The model in ${modelDir} has no tokenizer: it cannot read texts.`)
    },
    modelDir,
    modelConfig: json,
    generationConfig: { ...json, ...(await readJson(modelDir, 'generation_config.json')) },
    files: filesOf(config.task, files, dataset),
    room: Math.min(config.max_length, head.mostTokens?.(modelConfig) ?? Number.POSITIVE_INFINITY),
    dataset: () => dataset.rows,
  }
}

/** The inputs' files, each read when it is asked for: decoded they are smaller. */
function filesOf(task: TaskName, files: PredictSpec['files'], dataset: RunDataset): RowFiles {
  const kind = mediaOf(task)
  return {
    media(row) {
      const file = files?.[row]
      if (kind === null || !file) throw new AttuneError('not_found', `Input ${row} has no file.`)
      return 'row' in file ? dataset.rows.media(file.row) : readUndecoded(kind, file.path, file.fileName)
    },
  }
}

/** The dataset of a run, opened when it is first asked for. Close it. */
class RunDataset {
  private readonly dir: string
  private store: RowStore | null = null

  constructor(dir: string) {
    this.dir = dir
  }

  get rows(): RowStore {
    this.store ??= openRowStore(this.dir)
    return this.store
  }

  close(): void {
    this.store?.close()
  }
}

/** One prediction a row; a row that has nothing to say about (no word is hidden) has an empty one. */
function inOrder(columns: PredictionColumns, count: number, labels: readonly string[]): Prediction[] {
  const { rows, predicted, scores, answers } = columns
  const places = new Map(rows.map((row, place) => [row, place]))
  const classes = predicted.length === 0 ? 0 : labels.length
  return Array.from({ length: count }, (_, row): Prediction => {
    const place = places.get(row)
    if (place === undefined) return { label: null, scores: [], answer: '[]' }
    const answer = answers?.[place]
    return {
      label: classes === 0 ? null : (labels[predicted[place] as number] as string),
      scores: scores.slice(place * classes, (place + 1) * classes),
      ...(answer !== undefined && { answer }),
    }
  })
}
