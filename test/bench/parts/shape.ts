import { runConfigSchema } from '../../../core/contract/settings.ts'
import { openEngine } from '../../../core/engine/open.ts'
import { writeVariables } from '../../../core/engine/variables.ts'
import type { ParameterSpec } from '../../../core/models/architecture.ts'
import { describeModel } from '../../../core/train/load-model.ts'
import { stepFeeds } from '../../../core/train/optimizer.ts'
import { sessionSpec, trainProgram } from '../../../core/train/programs.ts'
import { trainableOf } from '../../../core/train/trainable.ts'
import type { Parts } from './parts.ts'
import { someValues } from './random-values.ts'
import { timedSteps } from './timed-steps.ts'

/** Full fine-tuning of a BERT that no file holds: the run's own programs, fed the same batch over and over. */
export async function measureShape({
  shape: { batch, length, config: json },
  precision,
  threads,
  steps,
  warmUp,
}: Parts['shape']['spec']): Promise<Parts['shape']['result']> {
  const model = describeModel('bert', { model_type: 'bert', ...json }, 'text-classification', 2, { dir: '' })
  const config = runConfigSchema.parse({
    model: 'random',
    dataset: 'random',
    learning_rate: 5e-5,
    max_length: length,
    per_device_train_batch_size: batch,
    precision,
  })
  const trainable = trainableOf(model, config)
  const engine = await openEngine('graph', threads)
  const session = await engine.open({
    ...sessionSpec(model, trainable, config, { train: [length], evaluate: [] }),
    precision,
  })
  try {
    writeVariables(session, model.parameters, firstValues)
    const feeds = {
      input_ids: Int32Array.from({ length: batch * length }, (_, i) => (i * 7919) % json.vocab_size),
      attention_mask: new Int32Array(batch * length).fill(1),
      token_type_ids: new Int32Array(batch * length),
      labels: Int32Array.from({ length: batch }, (_, i) => i % 2),
      weights: new Float32Array(batch).fill(1),
    }
    const measure = timedSteps(session, steps, warmUp, (number) => ({
      program: trainProgram(length),
      feeds: { ...feeds, ...stepFeeds(config, number, config.learning_rate) },
      tokens: batch * length,
    }))
    return { ...measure, engine: session.engine }
  } finally {
    session.close()
  }
}

function firstValues(name: string, { shape, init }: ParameterSpec): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1)
  if (init.kind === 'zeros' || init.kind === 'ones') return new Float32Array(count).fill(init.kind === 'ones' ? 1 : 0)
  // Even spread of the same deviation as the normal one.
  return someValues(count, name.length, init.kind === 'normal' ? init.stddev * Math.sqrt(12) : 2 * init.bound)
}
