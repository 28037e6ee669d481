import type { Demo } from './demo.ts'

/** A small Whisper, from scratch, learns words of a whistled language, and to write dialled numbers down: constructed. */
export const speech: Demo = {
  kind: 'whisper',
  async run({ call, train }) {
    const numbers = await call('datasets.import', { source: { kind: 'sample', name: 'dialled-numbers' } })
    const words = await call('datasets.import', { source: { kind: 'sample', name: 'tone-words' } })
    const { model } = await call('models.create', {
      architecture: 'whisper',
      size: 'tiny',
      fields: {
        d_model: 96,
        encoder_ffn_dim: 192,
        num_mel_bins: 40,
        max_source_positions: 50,
        max_target_positions: 16,
      },
      tokenizer: { from: 'dataset', dataset: numbers.dataset.id, kind: 'bpe', vocabSize: 300 },
      name: 'Whisper for tones',
    })
    const common = { model: model.id, seed: 1, learning_rate: 2e-3, per_device_train_batch_size: 32 }
    const heard = await train({
      ...common,
      dataset: words.dataset.id,
      max_steps: 200,
      eval_steps: 100,
      audio_shift: 50,
    })
    const written = await train({
      ...{ ...common, dataset: numbers.dataset.id, max_steps: 600, eval_steps: 300, max_length: 12 },
      ...{ metric_for_best_model: 'eval/cer', generation_max_samples: 100, dropout: 0 },
    })
    return [
      {
        what: 'small Whisper, words',
        run: heard,
        metric: 'eval/accuracy',
        before: 1 / words.dataset.labels.length,
        beforeIs: 'chance',
        better: 'higher',
        atLeast: 0.8,
      },
      {
        what: 'small Whisper, transcripts',
        run: written,
        metric: 'eval/cer',
        before: 1,
        beforeIs: 'untrained',
        better: 'lower',
        atLeast: 0.2,
      },
    ]
  },
}
