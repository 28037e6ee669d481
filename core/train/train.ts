import type { RunPlan } from '../contract/domain.ts'
import { chooseBuckets, type EncodedRows } from '../data/batches.ts'
import { loadTokenizer } from '../data/tokenizers/tokenizer.ts'
import { openEngine } from '../engine/open.ts'
import type { TrainSpec } from '../worker/protocol.ts'
import { CheckpointKeeper } from './checkpoints.ts'
import { nameFailure } from './failures.ts'
import { Judge } from './judge.ts'
import { type LoadedModel, loadModel } from './load-model.ts'
import { runSteps } from './loop.ts'
import { type PreparedRows, prepareRows } from './prepare.ts'
import { type ProgramLengths, sessionSpec } from './programs.ts'
import { type Emit, reporterOf } from './reporter.ts'
import { scheduleOf, totalSteps } from './schedule.ts'
import { type Control, checkStop, isStop } from './stop.ts'
import { Stopwatch } from './stopwatch.ts'
import type { Surroundings } from './surroundings.ts'
import { countParameters, type Trainable, trainableOf } from './trainable.ts'
import { fillVariables, trainedSpecs } from './weights.ts'
import { checkpointWriter } from './write-model.ts'

/**
 * One run from its files to its result: everything that happens is emitted, in order, the last event being `result`.
 * Rejects with what went wrong (AttuneError where it has a name); checkpoints written until then stay.
 */
export async function train(spec: TrainSpec, emit: Emit, control: Control): Promise<void> {
  const watch = new Stopwatch(control.startedAt ?? performance.now())
  try {
    const outcome = await run(spec, { emit, reporter: reporterOf(emit), watch, control })
    emit({ kind: 'result', outcome, timings: watch.timings() })
  } catch (thrown) {
    if (!isStop(thrown)) throw nameFailure(thrown)
    emit({ kind: 'result', outcome: 'stopped', timings: watch.timings() })
  }
}

async function run(spec: TrainSpec, surroundings: Surroundings): Promise<'finished' | 'stopped'> {
  const { config, labels } = spec
  const { emit, reporter, control } = surroundings

  reporter.phase('starting')
  const engine = await openEngine(config.engine, spec.threads)
  emit({ kind: 'engine', engine: engine.info })

  reporter.phase('loading')
  const model = await loadModel(spec.modelDir, labels.length, { maxLength: config.max_length, dropout: config.dropout })
  const trainable = trainableOf(model, config)
  const tokenizer = await loadTokenizer(spec.modelDir)

  reporter.phase('tokenizing')
  const data = prepareRows(spec.datasetDir, labels, tokenizer, config, (done, total) => {
    checkStop(control, 1)
    reporter.progress(done, total)
  })
  const lengths = {
    train: bucketsOf(data.train, config.max_length),
    evaluate: bucketsOf(data.validation, config.max_length),
  }
  const plan = planOf(spec, model, trainable, data, lengths)
  emit({ kind: 'plan', plan })

  reporter.phase('compiling')
  const session = await engine.open(sessionSpec(model, trainable, config, lengths))
  try {
    await fillVariables(session, model, trainable, config.seed, reporter)
    checkStop(control, 1)
    const { padId } = tokenizer
    const layout = {
      classes: labels.length,
      buckets: lengths.evaluate,
      batchSize: config.per_device_eval_batch_size,
      padId,
    }
    const keeper = new CheckpointKeeper(spec.runDir, checkpointWriter(session, model, trainable, spec), config)
    const judge = new Judge(session, data.validation, layout, keeper, config.metric_for_best_model)
    const { stepsPerEpoch } = plan
    const schedule = scheduleOf(config, plan.totalSteps)
    const loop = { rows: data.train, buckets: lengths.train, padId, stepsPerEpoch, schedule, config }
    return await runSteps(session, loop, {
      ...surroundings,
      judge: (step, epoch) => judge.judge(step, epoch, surroundings),
    })
  } finally {
    session.close()
  }
}

function bucketsOf(rows: EncodedRows, maxLength: number): number[] {
  return chooseBuckets(
    rows.ids.map((ids) => ids.length),
    maxLength,
  )
}

/** What is known of a run before its first step. */
function planOf(
  { config, labels }: TrainSpec,
  model: LoadedModel,
  trainable: Trainable,
  data: PreparedRows,
  lengths: ProgramLengths,
): RunPlan {
  const stepsPerEpoch = Math.ceil(data.train.rows.length / config.per_device_train_batch_size)
  return {
    totalSteps: totalSteps(config, stepsPerEpoch),
    stepsPerEpoch,
    trainRows: data.train.rows.length,
    evalRows: data.validation.rows.length,
    labels: [...labels],
    parameters: countParameters({ ...model.parameters, ...trainable.adapters }),
    trainableParameters: countParameters(trainedSpecs(model, trainable)),
    lengthBuckets: [...new Set([...lengths.train, ...lengths.evaluate])].sort((a, b) => a - b),
    truncatedShare: data.truncatedShare,
  }
}
