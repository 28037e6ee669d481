import type { EngineInfo } from '../contract/domain.ts'
import { expectedVersion, nativeBindingPath } from '../engine/native/load.ts'

/**
 * The engine that a run with engine "auto" gets, found without loading it: libraries of half a gigabyte are loaded in
 * the threads of runs only, never in the host. `problem` says what is missing and what it costs.
 */
export function probeEngine(threads: number): { info: EngineInfo | null; problem: string | null } {
  const path = nativeBindingPath()
  if (path !== null) {
    const version = expectedVersion(path)
    return { info: { kind: 'graph', backend: 'tensorflow', version, threads }, problem: null }
  }
  return {
    info: { kind: 'eager', backend: 'wasm', version: '4.22.0', threads },
    problem:
      "TensorFlow's library is not set up, so runs use the WebAssembly engine, which is many times slower. " +
      'Run "npm start" once to set it up.',
  }
}
