import type { RunConfig } from '../../contract/settings.ts'
import { bucketOf, epochOrder, lengthOrder, type TokenRows } from '../../data/batches.ts'
import type { ProgramLengths } from '../programs.ts'
import { totalSteps } from '../schedule.ts'
import type { DataSample } from './sample.ts'

/** How often a run will do what, from its first step to its last. */
export interface Course {
  readonly stepsPerEpoch: number
  readonly totalSteps: number
  /** Batches that gradients are taken of, by padded length. */
  readonly batches: ReadonlyMap<number, number>
  /** Batches of one evaluation, by padded length. */
  readonly evaluationBatches: ReadonlyMap<number, number>
  readonly evaluations: number
  /** Checkpoints written without one. Those that only time asks for are not among them. */
  readonly saves: number
}

/** Epochs whose batches are counted one by one; longer runs have more of the same. */
const countedEpochs = 3

export function courseOf({ data, scale }: DataSample, lengths: ProgramLengths, config: RunConfig): Course {
  const { per_device_train_batch_size: batchSize, gradient_accumulation_steps: groupSize } = config
  const sequences = Math.round(data.train.ids.length * scale.train)
  const stepsPerEpoch = Math.ceil(Math.ceil(sequences / batchSize) / groupSize)
  const steps = totalSteps(config, stepsPerEpoch)
  const epochs = steps / stepsPerEpoch
  const counted = Array.from({ length: Math.min(countedEpochs, Math.ceil(epochs)) }, (_, epoch) =>
    epochOrder(data.train, lengths.train, batchSize, config.seed, epoch),
  ).flat()
  const perSample = countLengths(data.train, counted, lengths.train)
  // The last epoch may not be gone through to its end: the batches come in any order, so in proportion.
  const total = Math.min(steps * groupSize, Math.ceil((sequences / batchSize) * epochs))
  const evaluated = lengthOrder(data.validation, config.per_device_eval_batch_size)
  const every = config.eval_steps > 0 ? config.eval_steps : stepsPerEpoch
  const evaluations = Math.ceil(steps / every)
  const saved = config.save_steps > 0 ? Math.floor(steps / config.save_steps) : 0
  const both = config.save_steps > 0 ? Math.floor(steps / leastCommonMultiple(config.save_steps, every)) : 0
  return {
    stepsPerEpoch,
    totalSteps: steps,
    batches: scaled(perSample, total / Math.max(1, counted.length)),
    evaluationBatches: scaled(countLengths(data.validation, evaluated, lengths.evaluate), scale.validation),
    evaluations,
    saves: saved - both,
  }
}

function countLengths(
  { ids }: Pick<TokenRows, 'ids'>,
  batches: readonly Int32Array[],
  buckets: readonly number[],
): Map<number, number> {
  const counts = new Map<number, number>()
  for (const positions of batches) {
    const longest = positions.reduce((most, position) => Math.max(most, (ids[position] as Int32Array).length), 1)
    const length = bucketOf(longest, buckets)
    counts.set(length, (counts.get(length) ?? 0) + 1)
  }
  return counts
}

function scaled(counts: ReadonlyMap<number, number>, factor: number): Map<number, number> {
  return new Map([...counts].map(([length, count]) => [length, count * factor]))
}

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y))
  return (a / divisor(a, b)) * b
}
