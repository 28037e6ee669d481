import { readModelConfig } from '../checkpoint/config.ts'
import type { Prediction } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { askingOf } from '../contract/prompts.ts'
import { chooseBuckets, tokenRows } from '../data/batches.ts'
import { loadTokenizer } from '../data/tokenizers/tokenizer.ts'
import { openEngine } from '../engine/open.ts'
import type { LabelledRows } from '../tasks/labelled-rows.ts'
import { readPrediction, scoreRows, textClassification } from '../tasks/text-classification.ts'
import type { PredictSpec } from '../worker/protocol.ts'
import { nameFailure } from './failures.ts'
import { loadModel } from './load-model.ts'
import { evaluateProgram, sessionSpec } from './programs.ts'
import { trainableOf } from './trainable.ts'
import { restoreVariables } from './weights.ts'

/**
 * What a checkpoint says about texts, in their order. Rejects with AttuneError: bad_file (a checkpoint that is not
 * whole), no_engine, out_of_memory.
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

async function predictTexts({ config, labels, texts, threads, ...spec }: PredictSpec): Promise<Prediction[]> {
  if (config.task !== 'text-classification') {
    throw new AttuneError('unsupported', `A run for ${config.task} has no classes to predict.`)
  }
  if (config.method === 'none') {
    const { modelType } = await readModelConfig(spec.modelDir)
    if (askingOf(config, modelType) !== null) {
      const message =
        'This run asked a language model by prompts, and has learnt no classes. Predict with a run that has.'
      throw new AttuneError('unsupported', message)
    }
  }
  // An adapter leans on its base model; any other checkpoint is a whole model folder.
  const folder = config.method === 'lora' ? spec.modelDir : spec.checkpointDir
  const model = await loadModel(folder, config.task, labels.length, { maxLength: config.max_length })
  const trainable = trainableOf(model, config)
  const tokenizer = await loadTokenizer(folder)
  const ids = texts.map((text) => tokenizer.encode(text, config.max_length).ids)
  const encoded: LabelledRows = {
    ...tokenRows(Int32Array.from(texts.keys()), ids),
    labels: new Int32Array(texts.length),
  }
  const batchSize = Math.min(config.per_device_eval_batch_size, texts.length)
  const buckets = chooseBuckets(encoded.lengths, config.max_length)
  const engine = await openEngine(config.engine, threads)
  const programs = { ...config, per_device_eval_batch_size: batchSize }
  const precision = await engine.precision(config.precision)
  const session = await engine.open(
    sessionSpec(model, trainable, programs, { train: [], evaluate: buckets }, precision),
  )
  try {
    await restoreVariables(session, model, trainable, spec.checkpointDir)
    const classes = labels.length
    const layout = { buckets, batchSize, padId: tokenizer.padId }
    const { logits } = scoreRows(
      encoded,
      layout,
      ({ length, feeds }) => session.run(evaluateProgram(length), feeds),
      () => {},
      (positions) => textClassification.batch(encoded, positions, layout, config, null),
    )
    return texts.map((_, i) => readPrediction(logits.subarray(i * classes, (i + 1) * classes), labels))
  } finally {
    session.close()
  }
}
