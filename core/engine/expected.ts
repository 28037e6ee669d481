import type { EngineInfo } from '../contract/domain.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { Precision } from './engine.ts'
import type { Pace } from './footprint/program.ts'
import { notedSpeed } from './graph/calibrate.ts'
import { expectedVersion, nativeBindingPath } from './native/load.ts'

/** What a run will compute with, as far as that can be told without loading an engine. */
export interface ExpectedEngine {
  readonly kind: EngineInfo['kind']
  /** "fp32", which needs the most memory, where it is left to a calibration that was not made yet. */
  readonly precision: Precision
  readonly pace: Pace
}

/** Of a processor nothing is known of: two cores of a present laptop. */
const usualFlopsPerUs = { fp32: 2e5, bf16: 3e5 } as const
/** Tensors of some megabytes come out of the caches for the most part; seen on two cores. */
const bytesPerUs = 3e4
const startUs = 4

export function expectedEngine(
  { engine, precision }: Pick<RunConfig, 'engine' | 'precision'>,
  threads: number,
): ExpectedEngine {
  const native = nativeBindingPath()
  const kind = engine === 'eager' || native === null ? 'eager' : 'graph'
  const noted = native === null ? null : notedSpeed(expectedVersion(native), threads)
  const expected = kind === 'eager' ? 'fp32' : precision === 'auto' ? (noted?.precision ?? 'fp32') : precision
  const flopsPerUs = (noted?.flopsPerUs ?? usualFlopsPerUs)[expected]
  return { kind, precision: expected, pace: { flopsPerUs, bytesPerUs, startUs } }
}
