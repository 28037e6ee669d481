import type { RunConfigInput } from '../../core/contract/settings.ts'
import { best, type Demo, type Shown, type Workbench } from './demo.ts'

/**
 * From letters to phonemes: encoder–decoders that begin from nothing learn how English words are spoken, from the CMU
 * Pronouncing Dictionary.
 */
export const pronunciations: Demo = {
  kind: 'text-to-text',
  async run(bench) {
    const { dataset } = await bench.call('datasets.import', { source: { kind: 'sample', name: 'pronunciations' } })
    return [
      await learn(bench, dataset.id, 'marian', { learning_rate: 1e-3 }, 50),
      await learn(bench, dataset.id, 't5', { learning_rate: 3e-3 }, 40),
    ]
  },
}

async function learn(
  { call, train }: Workbench,
  dataset: string,
  architecture: string,
  settings: Partial<RunConfigInput>,
  atLeast: number,
): Promise<Shown> {
  const { model } = await call('models.create', {
    architecture,
    size: 'tiny',
    tokenizer: { from: 'dataset', dataset, kind: 'bpe', vocabSize: 300, lowercase: false },
    seed: 1,
  })
  const common: RunConfigInput = {
    model: model.id,
    dataset,
    max_length: 32,
    per_device_train_batch_size: 32,
    per_device_eval_batch_size: 50,
    validation_split: 0.1,
    max_eval_samples: 500,
    generation_max_samples: 200,
    metric_for_best_model: 'eval/chrf',
    max_steps: 1350,
    eval_steps: 450,
    lr_scheduler_type: 'cosine',
    precision: 'fp32',
    seed: 1,
  }
  const untrained = await train({ ...common, max_steps: 1, learning_rate: 1e-9, warmup_ratio: 0 })
  const run = await train({ ...common, ...settings })
  const before = best(untrained, 'eval/chrf')
  return {
    what: `${architecture} from scratch, spoken words`,
    run,
    metric: 'eval/chrf',
    before,
    beforeIs: 'untrained',
    better: 'higher',
    atLeast,
  }
}
