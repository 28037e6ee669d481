import { createHash } from 'node:crypto'
import { modelHash } from '../checkpoint/content-hash.ts'
import type { TrainingState } from '../checkpoint/training-state.ts'
import type { RunConfig } from '../contract/settings.ts'
import { openRowStore } from '../data/row-store.ts'
import type { PreparedData } from '../tasks/task.ts'
import type { TrainSpec } from '../worker/protocol.ts'

/** What a run's numbers depend on, as it can be compared: a run goes on only where all of it is the same. */
export type Fingerprint = Pick<TrainingState, 'config' | 'hashes' | 'layout'>

/**
 * Settings that no loss and no weight depends on: they may differ when a run goes on. Model and dataset are compared by
 * content, precision by what it came to.
 */
const free: ReadonlySet<keyof RunConfig> = new Set([
  ...(['model', 'dataset', 'name', 'precision', 'engine', 'logging_steps', 'eval_steps', 'save_steps'] as const),
  ...([
    'save_minutes',
    'save_total_limit',
    'save_total_megabytes',
    'early_stopping_patience',
    'early_stopping_threshold',
  ] as const),
  'per_device_eval_batch_size',
])

/** Reads the whole weights once (their hash), so it is asked for at the first save, not before the first step. */
export async function fingerprintOf(
  { config, modelDir, datasetDir, labels }: TrainSpec,
  tokenizer: string,
  data: PreparedData,
  layout: Fingerprint['layout'],
): Promise<Fingerprint> {
  const store = openRowStore(datasetDir)
  const dataset = store.info.contentHash
  store.close()
  const hashes = {
    model: await modelHash(modelDir),
    tokenizer,
    dataset,
    labels: sha256(JSON.stringify(labels)),
    rows: sha256(JSON.stringify([Array.from(data.train.rows), Array.from(data.validation.rows)])),
  }
  return { config, hashes, layout }
}

/** What differs first between two runs, in words for a person ("the model", "learning_rate (0.001, now 0.01)"), or null. */
export function firstDifference(then: Fingerprint, now: Fingerprint): { field: string; text: string } | null {
  for (const field of ['model', 'tokenizer', 'dataset', 'labels'] as const) {
    if (then.hashes[field] !== now.hashes[field]) return { field, text: `the content of ${field}` }
  }
  const names = new Set([...Object.keys(then.config), ...Object.keys(now.config)] as (keyof RunConfig)[])
  for (const field of names) {
    const [before, present] = [then.config[field], now.config[field]].map((value) => JSON.stringify(value))
    if (!free.has(field) && before !== present) return { field, text: `${field} (${before}, now ${present})` }
  }
  if (then.hashes.rows !== now.hashes.rows) return { field: 'rows', text: 'the rows that are trained and held out' }
  for (const field of ['trainBuckets', 'stepsPerEpoch', 'totalSteps'] as const) {
    const [before, present] = [then.layout[field], now.layout[field]].map((value) => JSON.stringify(value))
    if (before !== present) return { field, text: `the batch layout, ${field} (${before}, now ${present})` }
  }
  return null
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
