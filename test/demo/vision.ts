import type { Demo } from './demo.ts'

/** A small ViT, from scratch, learns to tell clothes apart: real pictures of Fashion-MNIST. */
export const vision: Demo = {
  kind: 'vit',
  async run({ call, train }) {
    const { dataset } = await call('datasets.import', { source: { kind: 'sample', name: 'clothes' } })
    const { model } = await call('models.create', {
      architecture: 'vit',
      size: 'tiny',
      fields: { hidden_size: 96, intermediate_size: 192, num_hidden_layers: 3, image_size: 28, num_channels: 1 },
      name: 'ViT for clothes',
    })
    const run = await train({
      ...{ model: model.id, dataset: dataset.id, seed: 1, learning_rate: 1e-3, lr_scheduler_type: 'cosine' },
      ...{ max_steps: 600, per_device_train_batch_size: 32, eval_steps: 300, image_flip: true },
    })
    return [
      {
        what: 'small ViT, from scratch',
        run,
        metric: 'eval/accuracy',
        before: 1 / dataset.labels.length,
        beforeIs: 'chance',
        better: 'higher',
        atLeast: 0.65,
      },
    ]
  },
}
