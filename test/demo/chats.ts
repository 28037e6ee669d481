import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hash32 } from '../../core/util/random.ts'
import type { Demo, Workbench } from './demo.ts'

/**
 * A small Llama from scratch learns to define nouns as WordNet does; what it has become is a model of its own then, which
 * learns to prefer a meaning to the same words out of order (DPO; constructed).
 */
export const chats: Demo = {
  kind: 'chats',
  async run(bench) {
    const { call, train } = bench
    const { dataset: definitions } = await call('datasets.import', { source: { kind: 'sample', name: 'definitions' } })
    const preferences = await pairsOf(bench, definitions.id)
    const { model: fresh } = await call('models.create', {
      architecture: 'llama',
      size: 'tiny',
      tokenizer: { from: 'dataset', dataset: definitions.id, kind: 'bpe', vocabSize: 2000 },
      name: 'Tiny Llama for definitions',
    })
    const chat = { model: fresh.id, dataset: definitions.id, max_eval_samples: 300, seed: 1 }
    const untrained = await train({ ...chat, method: 'none' })
    const taught = await train({ ...chat, max_steps: 240, per_device_train_batch_size: 8 })

    const { model: taughtModel } = await call('models.fromRun', { run: taught.id, name: 'Tiny Llama that defines' })
    const pairs = { model: taughtModel.id, dataset: preferences.id, max_eval_samples: 300, seed: 1 }
    const preferring = await train({
      ...pairs,
      learning_rate: 2e-4,
      dpo_beta: 0.1,
      max_length: 64,
      max_steps: 100,
      metric_for_best_model: 'eval/reward_accuracy',
    })
    return [
      {
        what: 'definitions, Llama from scratch',
        run: taught,
        metric: 'eval/perplexity',
        before: untrained.metrics['eval/perplexity']?.last.value ?? Number.NaN,
        beforeIs: 'untrained',
        better: 'lower',
        atLeast: 450,
      },
      {
        what: 'preferences (constructed), DPO',
        run: preferring,
        metric: 'eval/reward_accuracy',
        before: 0.5,
        beforeIs: 'chance',
        better: 'higher',
        atLeast: 0.85,
      },
    ]
  },
}

/** A thousand meanings, each beside its own words shuffled. */
async function pairsOf({ call, scratch, importData }: Workbench, dataset: string) {
  const pages = await Promise.all([0, 500].map((offset) => call('datasets.rows', { id: dataset, offset, limit: 500 })))
  const lines = pages
    .flatMap(({ rows }) => rows)
    .flatMap(({ row, text, fields }) => {
      const chosen = fields?.output ?? ''
      const words = chosen.split(' ').map((word, i) => ({ word, key: hash32(row, i) }))
      const rejected = words.sort((a, b) => a.key - b.key).map(({ word }) => word)
      return chosen === rejected.join(' ')
        ? []
        : [JSON.stringify({ prompt: text, chosen, rejected: rejected.join(' ') })]
    })
  const path = join(scratch, 'word-order.jsonl')
  await writeFile(path, lines.join('\n'))
  return importData(path, { task: 'preference', name: 'Word order (constructed preferences)' })
}
