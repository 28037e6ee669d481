import type { EngineInfo } from '../../contract/domain.ts'
import type { Engine } from '../engine.ts'
import { loadTfjsNode, nativeVersion, usesKernels } from '../native/load.ts'
import { fasterPrecision } from './calibrate.ts'
import { type NativeBinding, openGraphSession } from './session.ts'

/** The fast engine: programs traced into TensorFlow graphs. Throws AttuneError `no_engine` when TensorFlow is missing. */
export async function openGraphEngine(threads: number): Promise<Engine> {
  const tf = await loadTfjsNode(threads)
  const backend = tf.backend() as unknown as { binding: NativeBinding }
  const info: EngineInfo = { kind: 'graph', backend: 'tensorflow', version: nativeVersion, threads }
  const engine: Engine = {
    info,
    fused: usesKernels(),
    open: (spec) => openGraphSession(backend.binding, { ...info, precision: spec.precision ?? 'fp32' }, spec),
    precision: async (wanted) => (wanted === 'auto' ? fasterPrecision(engine) : wanted),
  }
  return engine
}
