import { type RunConfig, type RunConfigInput, runConfigSchema, type TaskName } from '../../core/contract/settings.ts'
import type { SessionSpec, Values } from '../../core/engine/engine.ts'
import { describeModel, type LoadedModel } from '../../core/train/load-model.ts'
import { evaluateProgram, sessionSpec, trainProgram } from '../../core/train/programs.ts'
import { trainableOf } from '../../core/train/trainable.ts'

/** A model by its config.json, and the batch that it is trained with. */
interface Measured {
  readonly task: TaskName
  readonly length: number
  readonly batch: number
  readonly json: { readonly model_type: string; readonly [setting: string]: unknown }
}

/** Sessions whose memory is measured: their tensors take far more than what lies beside them. */
export const sessions = {
  /** Narrow, on long rows: nearly all is attention. */
  'long rows': {
    ...{ task: 'text-classification', length: 256, batch: 8 },
    json: {
      ...{ model_type: 'bert', vocab_size: 100, hidden_size: 64, num_hidden_layers: 8, num_attention_heads: 4 },
      ...{ intermediate_size: 128, max_position_embeddings: 256 },
    },
  },
  bert: {
    ...{ task: 'text-classification', length: 128, batch: 32 },
    json: {
      ...{ model_type: 'bert', vocab_size: 2000, hidden_size: 256, num_hidden_layers: 4, num_attention_heads: 4 },
      ...{ intermediate_size: 1024, max_position_embeddings: 128 },
    },
  },
  gpt2: {
    ...{ task: 'text-generation', length: 128, batch: 16 },
    json: { model_type: 'gpt2', vocab_size: 4096, n_embd: 256, n_layer: 4, n_head: 4, n_positions: 128 },
  },
} as const satisfies Record<string, Measured>
export type SessionName = keyof typeof sessions

export interface TrainedSession {
  readonly config: RunConfig
  readonly model: LoadedModel
  readonly spec: SessionSpec
  /** Its programs in the order in which they are called: steps, an evaluation, a step. */
  readonly programs: readonly string[]
}

export function trainedSession(name: SessionName, settings: Partial<RunConfigInput>): TrainedSession {
  const { task, length, batch, json }: Measured = sessions[name]
  const config = runConfigSchema.parse({
    ...{ model: 'm', dataset: 'd', task, learning_rate: 1e-4, max_length: length },
    ...{ per_device_train_batch_size: batch, per_device_eval_batch_size: batch },
    ...settings,
  })
  const model = describeModel(json.model_type, json, task, 2, { dir: '' })
  const spec = sessionSpec(model, trainableOf(model, config), config, { train: [length], evaluate: [length] })
  const [step, evaluation] = [trainProgram(length), evaluateProgram(length)]
  return { config, model, spec, programs: [step, step, evaluation, step] }
}

/** Feeds for a program, of values that everything accepts: memory does not depend on them. */
export function someFeeds({ programs }: SessionSpec, name: string): Record<string, Values> {
  const feeds = Object.entries(programs[name]?.feeds ?? {})
  return Object.fromEntries(
    feeds.map(([feed, { shape, dtype }]) => {
      const count = shape.reduce((product, size) => product * size, 1)
      const values = dtype === 'int32' ? Int32Array.from({ length: count }, (_, i) => i % 2) : new Float32Array(count)
      return [feed, values instanceof Float32Array ? values.fill(shape.length === 0 ? 1e-4 : 1) : values]
    }),
  )
}
