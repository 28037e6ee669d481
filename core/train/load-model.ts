import { readModelConfig } from '../checkpoint/config.ts'
import { openWeights } from '../checkpoint/weights.ts'
import { AttuneError } from '../contract/errors.ts'
import { hasLength, type TaskName } from '../contract/settings.ts'
import type { Architecture, Head, ParameterSpec } from '../models/architecture.ts'
import { architectureOf } from '../models/registry.ts'
import { type Asked, taskNamed } from '../tasks/registry.ts'
import type { Task } from '../tasks/task.ts'

/** A model folder's description, without its weights. */
export interface LoadedModel {
  readonly dir: string
  readonly task: Task
  readonly architecture: Architecture<unknown>
  /** What its task trains of it. */
  readonly head: Head<unknown>
  /** config.json as the architecture parsed it. */
  readonly config: unknown
  /** config.json as it stands, for the checkpoints that will be written. */
  readonly json: Readonly<Record<string, unknown>>
  /** All parameters, those of the head included. */
  readonly parameters: Readonly<Record<string, ParameterSpec>>
  /** Those below the head that the checkpoint, being of another training, has not: trained with the head. */
  readonly lacking: readonly string[]
}

/**
 * Reads config.json of a Hugging Face folder. `dropout`, when given, replaces the model's own probabilities; `asked` are
 * the settings of a run that may ask it by prompts.
 * Throws AttuneError: not_found, bad_file, unsupported (another architecture, or one that has no head for the task),
 * bad_config (`maxLength` beyond its positions).
 */
export async function loadModel(
  dir: string,
  taskName: TaskName,
  classes: number,
  { maxLength, ...options }: { maxLength: number; dropout?: number | undefined; asked?: Asked },
): Promise<LoadedModel> {
  const { json, modelType, maxPositions } = await readModelConfig(dir)
  const model = describeModel(modelType, json, taskName, classes, { dir, ...options })
  if (hasLength(taskName) && maxPositions > 0 && maxLength > maxPositions) {
    throw new AttuneError(
      'bad_config',
      `max_length is ${maxLength}, but this model has only ${maxPositions} positions. Choose ${maxPositions} or less.`,
    )
  }
  return { ...model, lacking: await lackingIn(model) }
}

async function lackingIn({ dir, head, parameters }: LoadedModel): Promise<string[]> {
  const { mayLack = [] } = head
  if (mayLack.length === 0) return []
  const weights = await openWeights(dir)
  try {
    const there = new Set(weights.names().map((name) => head.rename(name)))
    return Object.keys(parameters).filter(
      (name) => mayLack.some((prefix) => name.startsWith(prefix)) && !there.has(name),
    )
  } finally {
    weights.close()
  }
}

/** The model that a config.json describes. Throws AttuneError bad_file or unsupported. */
export function describeModel(
  modelType: string,
  json: Readonly<Record<string, unknown>>,
  taskName: TaskName,
  classes: number,
  { dir, dropout, asked }: { dir: string; dropout?: number | undefined; asked?: Asked },
): LoadedModel {
  const architecture = architectureOf(modelType)
  const task = taskNamed(taskName, asked, modelType)
  const head = task.headOf(architecture)
  if (!head) throw new AttuneError('unsupported', `A model of type "${modelType}" cannot be trained for ${task.name}.`)
  const own = architecture.parseConfig(json)
  const config = dropout === undefined ? own : architecture.withDropout(own, dropout)
  return {
    dir,
    task,
    architecture,
    head,
    config,
    json,
    parameters: head.parameters(config, task.outputs ?? classes),
    lacking: [],
  }
}
