import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFreshModel } from '../support/fresh-model.ts'
import { writeWordTokenizer } from '../support/word-tokenizer.ts'
import type { Demo } from './demo.ts'

/**
 * A PaLM-E from scratch on constructed scenes: what the arm is to do next for an order, and questions about what is seen.
 * Orders are also carried out from beginning to end, by the model's own steps.
 */
export const scenes: Demo = {
  kind: 'palm-e',
  async run({ scratch, call, addModel, train }) {
    const { dataset } = await call('datasets.import', { source: { kind: 'sample', name: 'table-scenes' } })
    const folder = join(scratch, 'palm-e')
    await mkdir(folder, { recursive: true })
    const { rows } = await call('datasets.rows', { id: dataset.id, offset: 0, limit: 200 })
    const words = rows.flatMap(({ text, fields }) => `Q: ${text} A: ${fields?.answer ?? ''}`.split(' '))
    const vision = { model_type: 'vit', hidden_size: 64, num_hidden_layers: 1, num_attention_heads: 2 }
    const config = {
      ...{ model_type: 'palm_e', vocab_size: await writeWordTokenizer(folder, words), n_positions: 64 },
      ...{ n_embd: 96, n_layer: 3, n_head: 4, initializer_range: 0.08, state_dim: 14 },
      ...{ bos_token_id: 0, eos_token_id: 0, resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 },
      vision_config: { ...vision, intermediate_size: 128, image_size: 32, patch_size: 8, initializer_range: 0.08 },
    }
    await writeFreshModel(folder, config, 'image-text-to-text')
    const model = await addModel(folder, 'PaLM-E for the table')
    const run = await train({
      model: model.id,
      dataset: dataset.id,
      max_length: 32,
      learning_rate: 2e-3,
      max_steps: 900,
      eval_steps: 450,
      per_device_train_batch_size: 32,
      per_device_eval_batch_size: 32,
      max_eval_samples: 150,
      metric_for_best_model: 'eval/exact_match',
      seed: 1,
    })
    // What a guess of the commonest answer would come to.
    const counts = new Map<string, number>()
    for (const { fields } of rows) counts.set(fields?.answer ?? '', (counts.get(fields?.answer ?? '') ?? 0) + 1)
    const before = Math.max(...counts.values()) / rows.length
    const told = { run, beforeIs: 'chance', better: 'higher' } as const
    return [
      { what: 'answers written exactly', metric: 'eval/exact_match', before, atLeast: 0.5, ...told },
      { what: 'orders carried out', metric: 'eval/success', before: 0, atLeast: 0.35, ...told },
    ]
  },
}
