import type { Demo } from './demo.ts'

/** A pre-trained encoder learns to tell spam from ham: the real MiniLM weights, the real e-mails. */
export const spamBert: Demo = {
  kind: 'bert',
  async run({ call, train }) {
    const { dataset } = await call('datasets.import', { source: { kind: 'sample', name: 'spam-assassin' } })
    const { models } = await call('models.list', {})
    const minilm = models.find(({ source }) => source.includes('MiniLM') || source.includes('minilm'))
    if (!minilm) throw new Error('The starter model MiniLM-L6 is not there: run npm start once.')
    const common = { model: minilm.id, dataset: dataset.id, max_eval_samples: 300, seed: 1 }
    const chance = Math.max(...dataset.labels.map(({ count }) => count)) / dataset.rows
    const told = {
      metric: 'eval/accuracy',
      before: chance,
      beforeIs: 'chance',
      better: 'higher',
      atLeast: 0.85,
    } as const
    return [
      { what: 'MiniLM-L6, full', run: await train({ ...common, method: 'full', max_steps: 40 }), ...told },
      { what: 'MiniLM-L6, LoRA', run: await train({ ...common, method: 'lora', max_steps: 80 }), ...told },
    ]
  },
}
