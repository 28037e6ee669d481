import { type RunConfig, runConfigSchema } from '../../core/contract/settings.ts'

/** Every setting at its default, texts one a row. */
export const plainConfig: RunConfig = runConfigSchema.parse({
  model: 'some',
  dataset: 'some',
  learning_rate: 1e-3,
  packing: false,
})
