import { type TrainingState, writeEvaluation, writeTrainingState } from '../checkpoint/training-state.ts'
import type { RunPlan } from '../contract/domain.ts'
import type { Engine, Session, SessionSpec } from '../engine/engine.ts'
import { openEngine } from '../engine/open.ts'
import type { PreparedData } from '../tasks/task.ts'
import type { TrainSpec } from '../worker/protocol.ts'
import { type BeforehandPlan, materialOf, planBeforehand, sessionWith } from './beforehand.ts'
import { type CheckpointContent, CheckpointKeeper } from './checkpoints.ts'
import { type DataSource, startData } from './data-source.ts'
import { nameRunFailure } from './failures.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'
import { Judge, tellPredictions } from './judge.ts'
import { type LoadedModel, loadModel } from './load-model.ts'
import { LogWindow } from './log-window.ts'
import { type Outcome, runSteps } from './loop.ts'
import { lengthsOf, planOf } from './plan.ts'
import type { ProgramLengths } from './programs.ts'
import { tokenizerWhenAsked } from './reading.ts'
import { type Emit, reporterOf } from './reporter.ts'
import {
  begunOf,
  bestBefore,
  checkSame,
  evaluationOf,
  findResume,
  keptCheckpoints,
  type Resume,
  resumedPrecision,
  tellEngineChange,
} from './resume.ts'
import { scheduleOf } from './schedule.ts'
import { checkpointBytes, clearHeld, optimizerBytes, restoreSession, writeOptimizer } from './session-state.ts'
import { beginWith } from './start.ts'
import { type Control, checkAnyStop, isStop } from './stop.ts'
import { Stopwatch } from './stopwatch.ts'
import type { Surroundings } from './surroundings.ts'
import { type Trainable, trainableOf } from './trainable.ts'
import { fillVariables } from './weights.ts'
import { checkpointWriter } from './write-model.ts'

/**
 * One run from its files to its result: everything that happens is emitted, in order, the last event being `result`.
 * With `resumeFrom` it goes on from that checkpoint as if it had never ended. Rejects with what went wrong (AttuneError
 * where it has a name; `conflict` when a run cannot go on); checkpoints written until then stay.
 */
export async function train(spec: TrainSpec, emit: Emit, control: Control): Promise<void> {
  const watch = new Stopwatch(control.startedAt ?? performance.now())
  const startBytes = control.startBytes ?? process.memoryUsage.rss()
  try {
    const outcome = await run(spec, { emit, reporter: reporterOf(emit), watch, control })
    emit({ kind: 'result', outcome, timings: watch.timings() })
  } catch (thrown) {
    if (!isStop(thrown)) throw await nameRunFailure(thrown, spec, startBytes)
    // A pause before the first step has nothing to keep: the run then begins anew.
    const outcome = control.stop() === 3 ? 'paused' : 'stopped'
    emit({ kind: 'result', outcome, timings: watch.timings() })
  }
}

/** A run with everything read and worked out, before its programs are compiled. */
interface Prepared {
  readonly spec: TrainSpec
  readonly engine: Engine
  readonly precision: 'fp32' | 'bf16'
  readonly model: LoadedModel
  readonly trainable: Trainable
  readonly padId: number
  readonly data: PreparedData
  readonly lengths: ProgramLengths
  readonly plan: RunPlan
  readonly beforehand: BeforehandPlan | null
  readonly fingerprint: () => Promise<Fingerprint>
  readonly resume: Resume | null
}

async function run(spec: TrainSpec, surroundings: Surroundings): Promise<Outcome> {
  const prepared = await prepare(spec, surroundings)
  surroundings.reporter.phase('compiling')
  const session = await prepared.engine.open(specOf(prepared))
  try {
    return await runIn(session, prepared, surroundings)
  } finally {
    session.close()
  }
}

function specOf({ spec: { config }, model, trainable, lengths, precision, beforehand }: Prepared): SessionSpec {
  return sessionWith(beforehand, model, trainable, config, lengths, precision)
}

/** The data is prepared beside all else; a run that fails before it is there leaves nothing going on. */
async function prepare(spec: TrainSpec, surroundings: Surroundings): Promise<Prepared> {
  const { config, datasetDir, modelDir, labels } = spec
  const source = startData({ task: config.task, datasetDir, modelDir, labels, config })
  try {
    return await prepareWith(source, spec, surroundings)
  } finally {
    source.close()
  }
}

async function prepareWith(
  source: DataSource,
  spec: TrainSpec,
  { emit, reporter, watch, control }: Surroundings,
): Promise<Prepared> {
  const { config, labels } = spec
  reporter.phase('starting')
  const engine = await openEngine(config.engine, spec.threads)
  const resume = spec.resumeFrom === undefined ? null : await findResume(spec.resumeFrom, spec.runDir, reporter)
  if (resume !== null) watch.goOnFrom(resume.state.counters, resume.state.position.step)
  const wanted = resume === null ? config.precision : resumedPrecision(resume.state, config.precision)
  const precision = await engine.precision(wanted)
  emit({ kind: 'engine', engine: { ...engine.info, precision } })
  if (resume !== null) tellEngineChange(resume.state, engine.info, reporter)

  reporter.phase('loading')
  const model = await loadModel(spec.modelDir, config.task, labels.length, {
    maxLength: config.max_length,
    dropout: config.dropout,
    asked: config,
  })
  const trainable = trainableOf(model, config)
  const kept = (optimizerBytes(model, trainable, config) / 1e6).toFixed(1)
  reporter.log('info', `The optimizer (${config.optim}) keeps ${kept} MB.`)

  reporter.phase('tokenizing')
  const { data, padId, tokenizerHash, remembered } = await source.result((done, total) => {
    checkAnyStop(control)
    if (total > 0) reporter.progress(done, total)
  })
  if (remembered > 0) reporter.log('info', `Rows whose tokens an earlier run has left: ${remembered}.`)
  const lengths = lengthsOf(data, config)
  const plan = planOf(spec, model, trainable, data, lengths)
  const layout = {
    trainBuckets: lengths.train,
    evaluateBuckets: lengths.evaluate,
    stepsPerEpoch: plan.stepsPerEpoch,
    totalSteps: plan.totalSteps,
  }
  let known: Promise<Fingerprint> | null = null
  const fingerprint = () => {
    known ??= fingerprintOf(spec, tokenizerHash, data, layout)
    return known
  }
  if (resume !== null) checkSame(resume.state, await fingerprint())
  emit({ kind: 'plan', plan })
  const beforehand = planBeforehand(model, config, data.train.lengths.length + data.validation.lengths.length, plan)
  return { spec, engine, precision, model, trainable, padId, data, lengths, plan, beforehand, fingerprint, resume }
}

/** For what was told when the run began. */
const silent: Pick<Surroundings['reporter'], 'log'> = { log: () => {} }

async function runIn(session: Session, prepared: Prepared, surroundings: Surroundings): Promise<Outcome> {
  const { spec, model, trainable, plan, resume } = prepared
  const { config, labels, runDir } = spec
  const { emit, reporter, control } = surroundings
  const { stepsPerEpoch } = plan

  let optimizerSteps = resume?.state.optimizerSteps ?? 0
  const begun = resume === null ? null : begunOf(resume.state)
  // What is computed beforehand is of the weights that the run began with, also where it goes on.
  if (resume === null || prepared.beforehand !== null) {
    const { log } = resume === null ? reporter : silent
    await fillVariables(session, model, trainable, config.seed, { log })
    clearHeld(session, model, trainable, config)
    const steps = spec.start ? await beginWith(spec.start, session, model, trainable, config, { log }) : 0
    if (resume === null) optimizerSteps = steps
  }
  const { task, train, validation, layouts } = materialOf(session, prepared, config, surroundings)
  if (resume !== null) await restoreSession(session, model, trainable, config, resume.dir, begun !== null)

  const window = new LogWindow(surroundings, stepsPerEpoch, config.task, resume?.state.window)
  const content = contentOf(session, prepared, surroundings, () => ({
    window: window.state,
    earlyStopping: { withoutImprovement: judge.earlyStopping.withoutImprovement },
    optimizerSteps,
  }))
  const keeper = new CheckpointKeeper(runDir, content, config)
  const tokenizer = await tokenizerWhenAsked(spec.modelDir)
  const evaluation = { task, model, encoded: validation, layout: layouts.evaluate, classes: labels.length, tokenizer }
  const judge = new Judge(session, evaluation, keeper, config, surroundings)

  if (resume !== null) {
    const best = await bestBefore(runDir, resume, reporter)
    judge.goOnFrom(best, await evaluationOf(resume), resume.state.earlyStopping.withoutImprovement)
    // The record went back to this checkpoint, and its predictions with it.
    if (best !== null) tellPredictions(model.task, best.scored, emit)
    keeper.adopt(await keptCheckpoints(runDir, resume), best?.position ?? null)
    const { step, microStep } = resume.state.position
    const amid =
      microStep > 0 ? ` and ${microStep} of the next step's ${config.gradient_accumulation_steps} batches` : ''
    reporter.log('info', `The run goes on after step ${step} of ${plan.totalSteps}${amid}.`)
  }
  checkAnyStop(control)

  const done = {
    step: resume?.state.position.step ?? 0,
    evaluated: resume !== null && Object.keys(resume.state.metrics).length > 0,
    begun,
  }
  const schedule = scheduleOf(config, plan.totalSteps)
  const plans = { task, encoded: train, layout: layouts.train, stepsPerEpoch, schedule }
  const loop = { ...plans, config, done, optimizerSteps }
  const outcome = await runSteps(session, loop, {
    ...surroundings,
    window,
    judge: (step) => judge.judge(step, step / stepsPerEpoch),
    save: (step, begun) => judge.save(step, step / stepsPerEpoch, begun),
    saveIsDue: () => judge.saveIsDue,
    stopsEarly: () => judge.earlyStopping.isDue,
    lastGood: (goodUntil) => judge.tellLastGood(goodUntil),
  })
  // One that was killed between its last checkpoint and the removal of those before it has no step left to do.
  if (outcome === 'finished') await judge.prune()
  return outcome
}

/** What goes into a checkpoint: the model, and all that the run needs to go on from it. */
function contentOf(
  session: Session,
  { spec, engine, precision, model, trainable, data, plan, fingerprint }: Prepared,
  { watch }: Surroundings,
  counted: () => Pick<TrainingState, 'window' | 'earlyStopping' | 'optimizerSteps'>,
): CheckpointContent {
  const { config } = spec
  const writeModel = checkpointWriter(session, model, trainable, { ...spec, fields: data.fields })
  return {
    expectedBytes: checkpointBytes(model, trainable, config),
    async write(dir, { step, metrics, begun }, best, scored) {
      await writeModel(dir)
      await writeOptimizer(dir, session, model, trainable, config, begun !== undefined)
      await writeTrainingState(dir, {
        version: 1,
        position: { epoch: Math.floor(step / plan.stepsPerEpoch), step, microStep: begun?.microStep ?? 0 },
        begun: begun ? { loss: begun.loss } : null,
        metrics,
        counters: watch.counters,
        best,
        ...counted(),
        ...(await fingerprint()),
        engine: { ...engine.info, precision },
      })
      if (scored !== null) await writeEvaluation(dir, scored)
    },
  }
}
