import { bucketOf, type Examples, epochOrder, lengthOrder } from '../../data/batches.ts'
import { beforehandProgram } from '../beforehand.ts'
import { accumulateProgram, evaluateProgram, trainProgram } from '../programs.ts'
import { type Setup, sequencesOf } from './setup.ts'

/** How often a run will call which program, from its first step to its last. */
export interface Course {
  readonly steps: number
  /** Real tokens that they go through. */
  readonly tokens: number
  /** Before the first step. */
  readonly before: ReadonlyMap<string, number>
  readonly training: ReadonlyMap<string, number>
  /** Of one evaluation. */
  readonly evaluation: ReadonlyMap<string, number>
  readonly evaluations: number
  /** Checkpoints written without one. Those that only time asks for are not among them. */
  readonly saves: number
}

/** Epochs whose batches are counted one by one; longer runs have more of the same. */
const countedEpochs = 3

export function courseOf(setup: Setup): Course {
  const { sample, lengths, steps, beforehand } = setup
  const { config } = setup.spec
  const { data, scale } = sample
  const size = config.per_device_train_batch_size
  const epochs = steps.total / steps.perEpoch
  const counted = Array.from({ length: Math.min(countedEpochs, Math.ceil(epochs)) }, (_, epoch) =>
    epochOrder(data.train, lengths.train, size, config.seed, epoch),
  ).flat()
  const seen = countLengths(data.train, counted, lengths.train)
  // The last epoch may not be gone through to its end: the batches come in any order, so in proportion.
  const batches = Math.ceil((sequencesOf(sample, 'train') / size) * epochs)
  const trained = scaled(seen, batches / Math.max(1, counted.length))
  const evaluated = scaled(
    countLengths(data.validation, lengthOrder(data.validation, config.per_device_eval_batch_size), lengths.evaluate),
    scale.validation,
  )
  const last = steps.total / Math.max(1, batches)
  const inSteps = (lengths: ReadonlyMap<number, number>) =>
    new Map(
      [...lengths].flatMap(([length, count]): [string, number][] => [
        [trainProgram(length), last * count],
        [accumulateProgram(length), (1 - last) * count],
      ]),
    )
  const tokens = epochs * scale.train * data.train.lengths.reduce((sum, length) => sum + length, 0)
  const common = { steps: steps.total, tokens, ...savesOf(setup) }
  const onTokens = { ...common, training: inSteps(trained), evaluation: named(evaluated, evaluateProgram) }
  if (beforehand === null) return { ...onTokens, before: new Map() }
  const rows = lengthOrder(data.train, size)
  const once = scaled(countLengths(data.train, rows, lengths.train), scale.train)
  const before = new Map([
    ...named(once, (length) => beforehandProgram('train', length)),
    ...named(evaluated, (length) => beforehandProgram('evaluate', length)),
  ])
  if (!beforehand.replacesTokens) return { ...onTokens, before }
  return {
    ...common,
    before,
    training: inSteps(new Map([[0, batches]])),
    evaluation: new Map([[evaluateProgram(0), total(evaluated)]]),
  }
}

function savesOf({ spec: { config }, steps }: Setup): Pick<Course, 'evaluations' | 'saves'> {
  const every = config.eval_steps > 0 ? config.eval_steps : steps.perEpoch
  const { save_steps: saveEvery } = config
  const saved = saveEvery > 0 ? Math.floor(steps.total / saveEvery) : 0
  const both = saveEvery > 0 ? Math.floor(steps.total / leastCommonMultiple(saveEvery, every)) : 0
  return { evaluations: Math.max(1, Math.ceil(steps.total / every)), saves: saved - both }
}

function countLengths(
  { lengths }: Pick<Examples, 'lengths'>,
  batches: readonly Int32Array[],
  buckets: readonly number[],
): Map<number, number> {
  const counts = new Map<number, number>()
  for (const positions of batches) {
    const longest = positions.reduce((most, position) => Math.max(most, lengths[position] as number), 1)
    const length = bucketOf(longest, buckets)
    counts.set(length, (counts.get(length) ?? 0) + 1)
  }
  return counts
}

function scaled(counts: ReadonlyMap<number, number>, factor: number): Map<number, number> {
  return new Map([...counts].map(([length, count]) => [length, count * factor]))
}

function named(counts: ReadonlyMap<number, number>, nameOf: (length: number) => string): Map<string, number> {
  return new Map([...counts].map(([length, count]) => [nameOf(length), count]))
}

function total(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y))
  return (a / divisor(a, b)) * b
}
