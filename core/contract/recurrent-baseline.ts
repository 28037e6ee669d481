import { blueprints, type Sizes } from './presets.ts'
import type { TaskName } from './settings.ts'

/** The recurrent model beside a Transformer: as many parameters, the same tokens. */

export const recurrentTypes = ['lstm', 'gru'] as const
export type RecurrentType = (typeof recurrentTypes)[number]

export interface SizedLike {
  /** Parameters that it is to have, its head's among them. */
  readonly parameters: number
  readonly vocabSize: number
  /** The embeddings are as wide, where they need not be the layers' width. */
  readonly hiddenSize: number
}

/** Layers' width goes in steps of this: their products are quicker so. */
const unitStep = 8
const mostUnits = 2 ** 14

/**
 * Two layers as wide as comes nearest to the parameters of a model. A classifier's embeddings are as wide as the model's;
 * one that writes has one matrix for reading and writing tokens, as most decoders have, so its layers are as wide as that.
 */
export function sizesLike(
  type: RecurrentType,
  { parameters: wanted, vocabSize, hiddenSize }: SizedLike,
  task: TaskName,
  classes: number,
): { readonly sizes: Sizes; readonly parameters: number } {
  const blueprint = blueprints[type]
  if (!blueprint) throw new Error(`there is no blueprint of ${type}`)
  const isWriter = task !== 'text-classification'
  const at = (units: number) => {
    const sizes: Sizes = {
      embedding_size: isWriter ? units : hiddenSize,
      hidden_size: units,
      num_hidden_layers: 2,
      tie_word_embeddings: isWriter,
    }
    const config = blueprint.config(sizes, { size: vocabSize, padId: 0, eosId: null })
    const head = isWriter ? 0 : classes * (units + 1)
    return { sizes, parameters: blueprint.parameters(config) + head }
  }
  // The count grows with the units.
  let [low, high] = [1, mostUnits / unitStep]
  while (low < high) {
    const middle = (low + high) >> 1
    if (at(middle * unitStep).parameters < wanted) low = middle + 1
    else high = middle
  }
  const [above, below] = [at(low * unitStep), at(Math.max(1, low - 1) * unitStep)]
  return Math.abs(above.parameters - wanted) <= Math.abs(below.parameters - wanted) ? above : below
}
