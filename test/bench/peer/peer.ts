import { join } from 'node:path'
import type { Precision } from '../../../core/engine/engine.ts'
import { type Line, linesOf, outcome } from '../child.ts'
import type { Measure } from '../statistics.ts'
import type { PeerEnvironment } from './environment.ts'

/** What bench.py is given to train. */
export type PeerSpec = {
  readonly precision: Precision
  readonly method: 'full' | 'lora'
  readonly compile: boolean
  readonly threads: number
  /** Timed steps, after those that are not. */
  readonly steps: number
  readonly warmUp: number
  readonly batch: number
  /** Tokens at most of a row. */
  readonly length: number
  readonly learningRate: number
  readonly seed: number
} & (
  | { readonly kind: 'shape'; readonly config: Readonly<Record<string, unknown>> }
  | { readonly kind: 'mails'; readonly modelDir: string; readonly file: string }
)

/** What it is given to write. */
export interface PeerGeneration {
  readonly kind: 'generation'
  readonly modelDir: string
  readonly precision: Precision
  readonly threads: number
  readonly prompt: readonly number[]
  /** New ones. */
  readonly tokens: number
}

const script = join(import.meta.dirname, 'bench.py')

function lines({ python }: PeerEnvironment, spec: PeerSpec | PeerGeneration): Promise<readonly Line[]> {
  return linesOf(python, [script, JSON.stringify(spec)], { OMP_NUM_THREADS: String(spec.threads) })
}

/** Runs one process of the Python side. `firstStepMs` is counted from its start. */
export async function runPeer(
  peer: PeerEnvironment,
  spec: PeerSpec,
): Promise<Measure & { readonly firstStepMs: number }> {
  const told = await lines(peer, spec)
  const first = told.find(({ value }) => value.event === 'first_step')
  return { ...(outcome(told) as unknown as Measure), firstStepMs: first?.atMs ?? Number.NaN }
}

/** One text; a step is a token after the first. */
export async function runGeneration(
  peer: PeerEnvironment,
  spec: PeerGeneration,
): Promise<Measure & { readonly ids: readonly number[] }> {
  const told = await lines(peer, spec)
  return outcome(told) as unknown as Measure & { ids: readonly number[] }
}
