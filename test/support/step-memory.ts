import { runConfigSchema } from '../../core/contract/settings.ts'
import { openEngine } from '../../core/engine/open.ts'
import { writeVariables } from '../../core/engine/variables.ts'
import { describeModel } from '../../core/train/load-model.ts'
import { stepFeeds } from '../../core/train/optimizer.ts'
import { sessionSpec, trainProgram } from '../../core/train/programs.ts'
import { trainableOf } from '../../core/train/trainable.ts'

/**
 * A process of its own: two training steps of a narrow BERT on long rows, then its peak memory in bytes on stdout.
 * Argument: settings as JSON.
 */
const length = 256
const batch = 8
const config = runConfigSchema.parse({
  model: 'm',
  dataset: 'd',
  learning_rate: 1e-4,
  max_length: length,
  per_device_train_batch_size: batch,
  ...(JSON.parse(process.argv[2] ?? '{}') as object),
})
const json = {
  ...{ model_type: 'bert', vocab_size: 100, hidden_size: 64, num_hidden_layers: 8, num_attention_heads: 4 },
  ...{ intermediate_size: 128, max_position_embeddings: length },
}
const model = describeModel('bert', json, 'text-classification', 2, { dir: '' })
const engine = await openEngine('graph', 2)
const session = await engine.open(
  sessionSpec(model, trainableOf(model, config), config, { train: [length], evaluate: [] }),
)
writeVariables(session, model.parameters, (_, { shape }) => {
  const size = shape.reduce((a, b) => a * b, 1)
  return Float32Array.from({ length: size }, (_unused, i) => Math.sin(i) / 10)
})
for (let step = 1; step <= 2; step++) {
  session.run(trainProgram(length), {
    input_ids: Int32Array.from({ length: batch * length }, (_, i) => i % 100),
    attention_mask: new Int32Array(batch * length).fill(1),
    token_type_ids: new Int32Array(batch * length),
    labels: Int32Array.from({ length: batch }, (_, i) => i % 2),
    weights: new Float32Array(batch).fill(1),
    ...stepFeeds(config, step, 1e-4),
  })
}
session.close()
process.stdout.write(`${process.resourceUsage().maxRSS * 1024}\n`)
