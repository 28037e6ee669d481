import { best, type Demo } from './demo.ts'

/** A BERT from scratch learns to guess hidden words of the real e-mails, with a WordPiece vocabulary of their own. */
export const maskedWords: Demo = {
  kind: 'masked',
  async run({ call, train }) {
    const { dataset } = await call('datasets.import', { source: { kind: 'sample', name: 'spam-assassin' } })
    const tokenizer = { from: 'dataset', dataset: dataset.id, kind: 'wordpiece', vocabSize: 4000 } as const
    const { model } = await call('models.create', { architecture: 'bert', tokenizer, name: 'BERT for e-mails' })
    const common = { model: model.id, dataset: dataset.id, task: 'fill-mask', max_eval_samples: 150, seed: 1 } as const
    const untrained = await train({ ...common, method: 'none' })
    const run = await train({ ...common, learning_rate: 1e-3, max_steps: 400, eval_steps: 200 })
    return [
      {
        ...{ what: 'BERT from scratch, e-mails', run, metric: 'eval/perplexity' },
        ...{ before: best(untrained, 'eval/perplexity'), beforeIs: 'untrained', better: 'lower', atLeast: 800 },
      },
    ]
  },
}
