import type { Dataset, Model } from '../../../core/contract/domain.ts'
import type { Method, RunConfig } from '../../../core/contract/settings.ts'

/** A linear head over the classes: weights and biases. */
export function headParameters(model: Pick<Model, 'hiddenSize'>, classes: number): number {
  return model.hiddenSize * classes + classes
}

/**
 * Numbers that a method trains, the head included. Exact for full and head only; for LoRA the feed-forward width is
 * taken as four times the hidden size, as in every published BERT.
 */
export function trainableParameters(
  model: Model,
  classes: number,
  method: Method,
  lora: Pick<RunConfig, 'lora_r' | 'target_modules'>,
): number {
  const head = headParameters(model, classes)
  if (method === 'full') return model.parameters + head
  if (method === 'head') return head
  const targeted = model.linearModules.filter((name) =>
    lora.target_modules.some((target) => name === target || name.endsWith(`.${target}`)),
  )
  const widths = targeted.map((name) => sidesOf(name) * model.hiddenSize)
  return head + model.layers * lora.lora_r * widths.reduce((sum, width) => sum + width, 0)
}

/** Input and output width of a linear layer together, in hidden sizes: attention is square, the feed-forward 1 : 4. */
function sidesOf(name: string): number {
  return /attention|query|key|value/.test(name) ? 2 : 5
}

export interface StepEstimate {
  readonly trainRows: number
  readonly evalRows: number
  readonly stepsPerEpoch: number
  readonly totalSteps: number
}

/** The split's own rounding per class can move a row or two; steps are counted as the training loop counts them. */
export function estimateSteps(
  dataset: Pick<Dataset, 'rows'>,
  config: Pick<
    RunConfig,
    | 'validation_split'
    | 'max_train_samples'
    | 'max_eval_samples'
    | 'per_device_train_batch_size'
    | 'gradient_accumulation_steps'
    | 'num_train_epochs'
    | 'max_steps'
  >,
): StepEstimate {
  const held = Math.round(dataset.rows * config.validation_split)
  const evalRows = Math.min(held, config.max_eval_samples ?? held)
  const trainRows = Math.min(dataset.rows - held, config.max_train_samples ?? dataset.rows)
  const batches = Math.ceil(trainRows / config.per_device_train_batch_size)
  const stepsPerEpoch = Math.ceil(batches / config.gradient_accumulation_steps)
  const totalSteps = config.max_steps > 0 ? config.max_steps : Math.ceil(config.num_train_epochs * stepsPerEpoch)
  return { trainRows, evalRows, stepsPerEpoch, totalSteps }
}

/** What a method trains, in one line. */
export const methodLines: Record<Method, { title: string; line: string }> = {
  full: { title: 'Full', line: 'Trains every weight. Most able, slowest, a whole model per checkpoint.' },
  lora: {
    title: 'LoRA',
    line: 'Trains small matrices beside frozen layers, and the head. Faster; checkpoints of a few MB.',
  },
  head: {
    title: 'Head only',
    line: 'Trains the classifier on a frozen model, which reads each row once, without dropout. Fastest, least able.',
  },
}
