import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Dataset, Model } from '../../../core/contract/domain.ts'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import { openStore, type Store, type StoreOptions } from '../../../core/store/open.ts'
import type { Clock } from '../../../core/util/clock.ts'
import type { RunEvent } from '../../../core/worker/protocol.ts'

/** A clock that goes on by one millisecond at each look. */
export function countingClock(start = 1_700_000_000_000): Clock {
  let ticks = 0
  return { now: () => start + ticks++, monotonic: () => ticks++ }
}

/** A folder of its own for one test, removed when the test ends. */
export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'attune-store-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  return dir
}

export const dataset: Dataset = {
  id: 'data',
  name: 'E-mails',
  task: 'text-classification',
  format: 'csv',
  fileName: 'emails.csv',
  createdAt: 1,
  contentHash: 'abc',
  rows: 10,
  labels: [
    { label: 'ham', count: 5 },
    { label: 'spam', count: 5 },
  ],
  mapping: { text: 'text', label: 'label' },
  problems: [{ line: 3, message: 'The label is empty.' }],
  problemCount: 1,
  duplicateCount: 0,
  bytes: 1000,
  licence: 'CC0',
}

export const model: Model = {
  id: 'base',
  name: 'Tiny BERT',
  architecture: 'bert',
  createdAt: 2,
  source: 'tiny',
  parameters: 1000,
  bytes: 4000,
  weightsHash: 'def',
  tokenizerHash: 'fed',
  vocabSize: 100,
  hiddenSize: 32,
  layers: 2,
  heads: 2,
  maxPositions: 64,
  linearModules: ['query', 'value'],
}

export const config = runConfigSchema.parse({ model: 'base', dataset: 'data', learning_rate: 1e-3 })

/** A store with one dataset and one model; closed when the test ends. */
export function smallStore(path: string, options: Partial<StoreOptions> = {}): Store {
  const store = openStore(path, { clock: countingClock(), ...options })
  onTestFinished(() => store.close())
  addSmall(store)
  return store
}

export function addSmall(store: Store): void {
  store.datasets.add(dataset)
  store.models.add(model, null)
}

export function queueRun(store: Store, id: string, owner = 'me', createdAt = 5): void {
  store.runs.add({ id, name: `run ${id}`, config, colour: 0, createdAt, appVersion: '1.0.0', owner })
}

/** Queued and claimed. */
export function startRun(store: Store, id: string): void {
  queueRun(store, id)
  store.queue.claimNext('me', 10, () => 'leave')
}

export function metricsAt(step: number, values: Record<string, number>): RunEvent {
  return {
    kind: 'metrics',
    step,
    epoch: step / 10,
    examples: step * 16,
    tokens: step * 800,
    elapsedMs: step * 50,
    values,
  }
}

export const timings = {
  steps: 3,
  seconds: 1,
  totalSeconds: 2,
  examplesPerSecond: 48,
  tokensPerSecond: 2400,
  medianStepMs: 50,
  timeToFirstStepMs: 300,
  peakMemoryBytes: 1e9,
}
