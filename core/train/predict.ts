import { readModelConfig } from '../checkpoint/config.ts'
import type { DatasetRow, Prediction } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { askingOf } from '../contract/prompts.ts'
import { chooseBuckets } from '../data/batches.ts'
import { loadTokenizer } from '../data/tokenizers/tokenizer.ts'
import { openEngine } from '../engine/open.ts'
import { preparationOf } from '../tasks/preparation.ts'
import type { PredictionColumns } from '../tasks/task.ts'
import type { PredictSpec } from '../worker/protocol.ts'
import { nameFailure } from './failures.ts'
import { loadModel } from './load-model.ts'
import { evaluateProgram, ownProgram, sessionSpec } from './programs.ts'
import { trainableOf } from './trainable.ts'
import { restoreVariables } from './weights.ts'

/**
 * What a checkpoint says about texts, in their order. Rejects with AttuneError: bad_file (a checkpoint that is not
 * whole), no_engine, out_of_memory, unsupported (a task that predicts nothing of a text).
 */
export async function predict(spec: PredictSpec): Promise<Prediction[]> {
  if (spec.texts.length === 0) return []
  try {
    return await predictTexts(spec)
  } catch (thrown) {
    const { per_device_eval_batch_size: batch } = spec.config
    throw nameFailure(thrown, `Choose a per_device_eval_batch_size below ${batch}, or shorter texts.`)
  }
}

async function predictTexts({ config, labels, texts, fields, threads, ...spec }: PredictSpec): Promise<Prediction[]> {
  const { modelType } = await readModelConfig(spec.modelDir)
  if (askingOf(config, modelType) !== null) {
    const message =
      'This run asked a language model by prompts, and has learnt no classes. Predict with a run that has.'
    throw new AttuneError('unsupported', message)
  }
  const { inputs } = preparationOf(config, modelType)
  if (!inputs) throw new AttuneError('unsupported', `A run for ${config.task} predicts nothing of a text alone.`)
  // An adapter leans on its base model; any other checkpoint is a whole model folder.
  const folder = config.method === 'lora' ? spec.modelDir : spec.checkpointDir
  const model = await loadModel(folder, config.task, labels.length, { maxLength: config.max_length })
  const trainable = trainableOf(model, config)
  const tokenizer = await loadTokenizer(folder)
  const rows = texts.map(
    (text, row): DatasetRow => ({ row, line: row + 1, text, label: '', ...(fields?.[row] && { fields: fields[row] }) }),
  )
  const reading = { tokenizer, modelDir: folder, modelConfig: model.json }
  const encoded = await inputs(rows, labels, reading, config)
  const batchSize = Math.max(1, Math.min(config.per_device_eval_batch_size, encoded.lengths.length))
  const buckets = chooseBuckets(encoded.lengths, config.max_length)
  const engine = await openEngine(config.engine, threads)
  const programs = { ...config, per_device_eval_batch_size: batchSize }
  const precision = await engine.precision(config.precision)
  const session = await engine.open(
    sessionSpec(model, trainable, programs, { train: [], evaluate: buckets }, precision),
  )
  try {
    await restoreVariables(session, model, trainable, spec.checkpointDir)
    const scored = model.task.score(
      encoded,
      { buckets, batchSize, padId: tokenizer.padId },
      programs,
      ({ length, feeds }) => session.run(evaluateProgram(length), feeds),
      () => {},
      { model, tokenizer, own: (name, feeds) => session.run(ownProgram(name), feeds) },
    )
    return inOrder(model.task.predictions(scored), texts.length, labels)
  } finally {
    session.close()
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
