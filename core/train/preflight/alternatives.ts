import { defaultLearningRate, type RunConfig } from '../../contract/settings.ts'
import { trainableOf } from '../trainable.ts'
import { type MemoryNeed, memoryNeed } from './memory.ts'
import type { Setup } from './setup.ts'

/** Settings in place of others. */
type Change = Partial<RunConfig>

export interface Fitting {
  readonly settings: Change
  readonly need: MemoryNeed
}

/** Shorter texts than this say little. */
const shortest = 32
const smallEvaluation = 8

/**
 * Settings with which a run takes at most so many bytes, each worked out like the run itself: of every kind of change the
 * smallest, those first that change least about what is learnt. Where no single one is enough, what is enough together.
 */
export async function fittingSettings(setup: Setup, present: MemoryNeed, mostBytes: number): Promise<Fitting[]> {
  const { config } = setup.spec
  const found: Fitting[] = []
  for (const kind of singleChanges(config)) {
    const fitting = await firstFitting(
      setup,
      kind.filter((change) => mayFit(config, present, change, mostBytes)),
      mostBytes,
    )
    if (fitting) found.push(fitting)
  }
  if (found.length > 0) return found
  const together = await firstFitting(setup, combinedChanges(config), mostBytes)
  return together ? [together] : []
}

async function firstFitting(setup: Setup, changes: readonly Change[], mostBytes: number): Promise<Fitting | null> {
  for (const settings of changes) {
    const need = await memoryNeed(changed(setup, settings))
    if (need.bytes <= mostBytes) return { settings, need }
  }
  return null
}

/** Whether it is worth working out: what a batch takes goes at least with its rows and their length. */
function mayFit(config: RunConfig, { bytes, parts }: MemoryNeed, change: Change, mostBytes: number): boolean {
  const shareOf = (name: 'per_device_train_batch_size' | 'max_length') => (change[name] ?? config[name]) / config[name]
  const share = shareOf('per_device_train_batch_size') * shareOf('max_length') ** 2
  const activations = parts.find(({ name }) => name === 'activations')?.bytes ?? 0
  return bytes - activations * (1 - share) <= 1.2 * mostBytes
}

/** A list a kind, from the smallest change to the largest. */
function singleChanges(config: RunConfig): Change[][] {
  return [
    smallerEvaluation(config),
    recompute(config),
    smallerBatches(config),
    lighterOptimizer(config),
    adapters(config),
    shorterTexts(config),
  ]
}

/** All that can be done at once, from the least to the most. */
function combinedChanges(config: RunConfig): Change[] {
  const last = (changes: readonly Change[]) => changes.at(-1) ?? {}
  const still = { ...last(smallerEvaluation(config)), ...last(recompute(config)), ...last(smallerBatches(config)) }
  const light = { ...still, ...last(lighterOptimizer(config)) }
  const adapted = { ...still, ...last(adapters(config)) }
  return [still, light, adapted, ...shorterTexts(config).map((change) => ({ ...adapted, ...change }))]
}

/** The run with these settings instead. */
function changed(setup: Setup, change: Change): Setup {
  const config: RunConfig = { ...setup.spec.config, ...change }
  const cut = (lengths: readonly number[]) => [...new Set(lengths.map((length) => Math.min(length, config.max_length)))]
  return {
    ...setup,
    spec: { ...setup.spec, config },
    trainable: trainableOf(setup.model, config),
    lengths: { train: cut(setup.lengths.train), evaluate: cut(setup.lengths.evaluate) },
  }
}

function smallerEvaluation({ per_device_eval_batch_size: size }: RunConfig): Change[] {
  return size > smallEvaluation ? [{ per_device_eval_batch_size: smallEvaluation }] : []
}

function recompute({ method, gradient_checkpointing }: RunConfig): Change[] {
  return gradient_checkpointing || method === 'head' ? [] : [{ gradient_checkpointing: true }]
}

/** Smaller batches, more of them to a step: the step is the same. */
function smallerBatches({
  per_device_train_batch_size: size,
  gradient_accumulation_steps: group,
}: RunConfig): Change[] {
  const parts = Array.from({ length: size - 1 }, (_, i) => i + 2).filter((n) => size % n === 0 && n * group <= 1024)
  return parts.map((n) => ({ per_device_train_batch_size: size / n, gradient_accumulation_steps: group * n }))
}

function lighterOptimizer({ method, optim }: RunConfig): Change[] {
  return method === 'full' && optim === 'adamw' ? [{ optim: 'adafactor' }] : []
}

function adapters({ method, learning_rate }: RunConfig): Change[] {
  if (method !== 'full') return []
  const rate = learning_rate === defaultLearningRate.full ? { learning_rate: defaultLearningRate.lora } : {}
  return [{ method: 'lora', ...rate }]
}

function shorterTexts({ max_length }: RunConfig): Change[] {
  const lengths: number[] = []
  for (let length = Math.floor(max_length / 2); length >= shortest; length = Math.floor(length / 2))
    lengths.push(length)
  return lengths.map((length) => ({ max_length: length }))
}
