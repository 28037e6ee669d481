import * as tf from '@tensorflow/tfjs-core'
import type { EngineInfo } from '../../contract/domain.ts'
import { AttuneError } from '../../contract/errors.ts'
import type { Engine } from '../engine.ts'
import { loadTfjsNode, nativeBindingPath } from '../native/load.ts'
import { EagerSession } from './session.ts'

/** The plain engine: on TensorFlow's library where it is there, else on tfjs's own WebAssembly backend. */
export async function openEagerEngine(threads: number): Promise<Engine> {
  if (nativeBindingPath()) await loadTfjsNode(threads)
  else await (await import('./wasm.ts')).installWasmBackend(threads)
  const backend = tf.getBackend()
  const info: EngineInfo = { kind: 'eager', backend, version: tf.version_core, threads }
  return {
    info,
    fused: false,
    async open(spec) {
      await tf.setBackend(backend)
      return new EagerSession({ ...info, precision: 'fp32' }, spec)
    },
    async precision(wanted) {
      if (wanted !== 'bf16') return 'fp32'
      throw new AttuneError('unsupported', 'precision "bf16" needs the graph engine; the eager one computes in fp32.')
    },
  }
}
