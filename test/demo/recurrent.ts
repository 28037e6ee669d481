import type { Demo } from './demo.ts'

/** A small encoder from scratch, its tokens learned from the e-mails, and an LSTM of the same size beside it. */
export const recurrent: Demo = {
  kind: 'recurrent',
  async run({ call, train }) {
    const { dataset } = await call('datasets.import', { source: { kind: 'sample', name: 'spam-assassin' } })
    const { model } = await call('models.create', {
      architecture: 'bert',
      size: 'tiny',
      tokenizer: { from: 'dataset', dataset: dataset.id, kind: 'wordpiece', vocabSize: 8000 },
      name: 'BERT tiny, from scratch',
    })
    const chance = Math.max(...dataset.labels.map(({ count }) => count)) / dataset.rows
    const told = {
      metric: 'eval/accuracy',
      before: chance,
      beforeIs: 'chance',
      better: 'higher',
      atLeast: 0.85,
    } as const
    const config = { dataset: dataset.id, num_train_epochs: 2, max_length: 128, max_eval_samples: 300, seed: 1 }
    const transformer = await train({ ...config, model: model.id, name: 'Transformer beside an LSTM' })
    const { run } = await call('runs.recurrentBaseline', { id: transformer.id })
    return [
      { what: 'Transformer from scratch', run: transformer, ...told },
      { what: 'LSTM of the same size', run: await untilEnded(run.id), ...told },
    ]

    async function untilEnded(id: string) {
      for (;;) {
        const { run: now } = await call('runs.get', { id })
        if (!['queued', 'running'].includes(now.state)) return now
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  },
}
