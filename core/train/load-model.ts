import { readModelConfig } from '../checkpoint/config.ts'
import { AttuneError } from '../contract/errors.ts'
import type { ParameterSpec, SequenceClassifier } from '../models/architecture.ts'
import { architectureOf } from '../models/registry.ts'

/** A model folder's description, without its weights. */
export interface LoadedModel {
  readonly dir: string
  readonly architecture: SequenceClassifier<unknown>
  /** config.json as the architecture parsed it. */
  readonly config: unknown
  /** config.json as it stands, for the checkpoints that will be written. */
  readonly json: Readonly<Record<string, unknown>>
  /** All parameters of the classification model. */
  readonly parameters: Readonly<Record<string, ParameterSpec>>
}

/**
 * Reads config.json of a Hugging Face folder. `dropout`, when given, replaces the model's own probabilities.
 * Throws AttuneError: not_found, bad_file, unsupported (another architecture), bad_config (`maxLength` beyond its positions).
 */
export async function loadModel(
  dir: string,
  classes: number,
  { maxLength, dropout }: { maxLength: number; dropout?: number | undefined },
): Promise<LoadedModel> {
  const { json, modelType, maxPositions } = await readModelConfig(dir)
  const architecture = architectureOf(modelType)
  const own = architecture.parseConfig(json)
  if (maxLength > maxPositions) {
    throw new AttuneError(
      'bad_config',
      `max_length is ${maxLength}, but this model has only ${maxPositions} positions. Choose ${maxPositions} or less.`,
    )
  }
  const config = dropout === undefined ? own : architecture.withDropout(own, dropout)
  return { dir, architecture, config, json, parameters: architecture.parameters(config, classes) }
}
