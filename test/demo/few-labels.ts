import type { RunConfigInput } from '../../core/contract/settings.ts'
import { best, type Demo, type Shown } from './demo.ts'

/**
 * From unlabelled to labelled: a small GPT-2 learns mails as mere texts, and becomes a model to start from. With 1, 10 and
 * 100 % of the labels, and with none, shown examples or not, its runs stand in one comparison, each beside one that never
 * saw the texts.
 */
export const fewLabels: Demo = {
  kind: 'few-labels',
  async run({ call, train }) {
    const source = { kind: 'sample', name: 'spam-assassin' } as const
    const { dataset: texts } = await call('datasets.import', {
      ...{ source, task: 'text-generation', name: 'Mails without labels', mapping: { text: 'text' } },
    })
    const { dataset: mails } = await call('datasets.import', { source, name: 'Mails with labels' })
    const { model: fresh } = await call('models.create', {
      architecture: 'gpt2',
      size: 'tiny',
      tokenizer: { from: 'dataset', dataset: texts.id, kind: 'bpe', vocabSize: 2000 },
      name: 'Tiny GPT-2 for mails',
    })
    const untrained = await train({ model: fresh.id, dataset: texts.id, method: 'none', max_eval_samples: 100 })
    const pretrained = await train({
      ...{ model: fresh.id, dataset: texts.id, max_eval_samples: 100, seed: 1, max_length: 128 },
      ...{ max_steps: 1500, eval_steps: 500, per_device_train_batch_size: 16 },
    })
    const { model } = await call('models.fromRun', { run: pretrained.id, name: 'Tiny GPT-2 that read mails' })

    const common: RunConfigInput = {
      model: model.id,
      dataset: mails.id,
      seed: 1,
      max_length: 96,
      max_eval_samples: 400,
    }
    const learning: RunConfigInput = { ...common, learning_rate: 5e-4, per_device_train_batch_size: 8 }
    const shares = [
      { share: 0.01, max_steps: 40, atLeast: 0.75 },
      { share: 0.1, max_steps: 100, atLeast: 0.85 },
      { share: 1, max_steps: 200, atLeast: 0.88 },
    ]
    const accuracy = { metric: 'eval/accuracy', beforeIs: 'not pre-trained', better: 'higher' } as const
    const shown: Shown[] = []
    for (const { share, max_steps, atLeast } of shares) {
      const labels = `${100 * share} % of labels`
      const settings = { ...learning, train_share: share, max_steps }
      const unread = await train({ ...settings, model: fresh.id, name: `mails not read, ${labels}` })
      const run = await train({ ...settings, name: `mails read, ${labels}` })
      shown.push({ what: labels, run, before: best(unread, accuracy.metric), ...accuracy, atLeast })
    }
    for (const few_shot_examples of [0, 2]) {
      await train({ ...common, method: 'none', few_shot_examples, name: `prompted, ${few_shot_examples} examples` })
    }
    return [
      {
        what: 'mails as texts, GPT-2 from scratch',
        run: pretrained,
        metric: 'eval/perplexity',
        before: untrained.metrics['eval/perplexity']?.last.value ?? Number.NaN,
        beforeIs: 'untrained',
        better: 'lower',
        atLeast: 250,
      },
      ...shown,
    ]
  },
}
