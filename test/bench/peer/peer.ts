import { join } from 'node:path'
import type { Precision } from '../../../core/engine/engine.ts'
import { type Line, linesOf, outcome } from '../child.ts'
import type { Measure } from '../statistics.ts'
import type { PeerEnvironment } from './environment.ts'

/** What bench.py is given. */
export type PeerSpec = {
  readonly precision: Precision
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
  | { readonly kind: 'mails'; readonly method: 'full' | 'lora'; readonly modelDir: string; readonly file: string }
)

const script = join(import.meta.dirname, 'bench.py')

/** Runs one process of the Python side. `firstStepMs` is counted from its start. */
export async function runPeer(
  { python }: PeerEnvironment,
  spec: PeerSpec,
): Promise<Measure & { readonly firstStepMs: number }> {
  const env = { OMP_NUM_THREADS: String(spec.threads) }
  const lines: readonly Line[] = await linesOf(python, [script, JSON.stringify(spec)], env)
  const first = lines.find(({ value }) => value.event === 'first_step')
  return { ...(outcome(lines) as unknown as Measure), firstStepMs: first?.atMs ?? Number.NaN }
}
