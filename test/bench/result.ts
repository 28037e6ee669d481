import type { Precision } from '../../core/engine/engine.ts'
import type { Summary } from './statistics.ts'

/** A side of a comparison with what it came to. */
export interface Contender extends Summary {
  /** Model operations over this machine's ceiling of the same precision and thread count. */
  readonly utilisation: number
}

/** Steps of ours beside steps of the peer. */
export interface StepResult {
  readonly kind: 'steps'
  readonly case: string
  /** What tells rows of one case apart: "2 threads". */
  readonly variant: string
  readonly precision: Precision
  readonly threads: number
  readonly ours: Contender
  readonly peers: readonly (Contender & { readonly name: string })[]
  /** Ours over the fastest of the peers; null without a peer. */
  readonly ratio: number | null
  /** What is compared: real tokens a second where batches differ in length, else the median step. */
  readonly by: 'tokens/s' | 'step'
  /** The ratio aimed at. */
  readonly reach: number | null
}

/** Any other number, beside what it is measured against. */
export interface FigureResult {
  readonly kind: 'figure'
  readonly case: string
  readonly what: string
  readonly unit: 's' | 'ms' | '×' | 'steps/s' | 'MB'
  readonly value: number
  readonly against: { readonly what: string; readonly value: number } | null
  /** "2.41×" or "0.8 %": what the two come to, in words of the case. */
  readonly comes: string
  readonly reach: string
}

export type Result = StepResult | FigureResult

/** How many times faster than the fastest peer; null without one. */
export function ratioToFastest(ours: Summary, peers: readonly Summary[], by: StepResult['by']): number | null {
  if (peers.length === 0) return null
  if (by === 'step') return Math.min(...peers.map(({ medianMs }) => medianMs)) / ours.medianMs
  return ours.tokensPerSecond / Math.max(...peers.map(({ tokensPerSecond }) => tokensPerSecond))
}
