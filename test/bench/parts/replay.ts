import { chooseBuckets, epochOrder } from '../../../core/data/batches.ts'
import { openEngine } from '../../../core/engine/open.ts'
import { loadModel } from '../../../core/train/load-model.ts'
import { stepFeeds } from '../../../core/train/optimizer.ts'
import { prepareData } from '../../../core/train/prepare.ts'
import { sessionSpec, trainProgram } from '../../../core/train/programs.ts'
import { trainableOf } from '../../../core/train/trainable.ts'
import { fillVariables } from '../../../core/train/weights.ts'
import type { Measure } from '../statistics.ts'
import type { Parts } from './parts.ts'
import { timedSteps } from './timed-steps.ts'

/** The bare engine beside a run of the command: its batches are built before the clock starts, and nobody is told. */
export async function replayRun(spec: Parts['replay']['spec']): Promise<Measure> {
  const { config, labels, precision, threads, steps, warmUp } = spec
  const model = await loadModel(spec.modelDir, config.task, labels.length, {
    maxLength: config.max_length,
    dropout: config.dropout,
  })
  const trainable = trainableOf(model, config)
  const { data, padId } = await prepareData({ task: config.task, ...spec }, false, () => {})
  const { train: rows } = data
  const buckets = chooseBuckets(rows.lengths, config.max_length)
  const batchSize = config.per_device_train_batch_size
  const layout = { buckets, batchSize, padId }
  const order = epochOrder(rows, buckets, batchSize, config.seed, 0)
  if (order.length < warmUp + steps) throw new Error(`an epoch has only ${order.length} steps`)
  const engine = await openEngine('graph', threads)
  const programs = sessionSpec(model, trainable, config, { train: buckets, evaluate: [] })
  const session = await engine.open({ ...programs, precision })
  try {
    await fillVariables(session, model, trainable, config.seed, { log: () => {} })
    return timedSteps(session, steps, warmUp, (number) => {
      const batch = model.task.batch(rows, order[number - 1] as Int32Array, layout, config, null)
      const feeds = { ...batch.feeds, ...stepFeeds(config, number, config.learning_rate) }
      return { program: trainProgram(batch.length), feeds, tokens: batch.tokens }
    })
  } finally {
    session.close()
  }
}
