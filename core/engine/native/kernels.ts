import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * Operations of our own for TensorFlow, from the sources in kernels/ beside this file: what set-up compiled of them
 * (scripts/setup/kernels.mjs) lies beside the binding. Without them, runs do the same with TensorFlow's operations.
 */

/** Of the sources: what belongs to other ones is never loaded. test/unit/scripts/kernels.test.ts says what it has to be. */
export const kernelSources = 'cf0a1d45'

/** What the vector units of this processor can do, by the name of what is compiled for it. */
export function processorLevel(cpuinfo = readCpuinfo()): 'avx512' | 'avx2' | 'plain' {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(' '))
  const all = (...names: string[]) => names.every((name) => flags.has(name))
  if (all('avx2', 'fma', 'avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl')) return 'avx512'
  return all('avx2', 'fma') ? 'avx2' : 'plain'
}

function readCpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return '' // no Linux
  }
}

/** The compiled operations for these sources and this processor in the folder of the binding; null when there are none. */
export function kernelsPath(dir: string): string | null {
  if (process.env.ATTUNE_KERNELS === 'off') return null
  const path = join(dir, `attune-kernels-${kernelSources}-${processorLevel()}.node`)
  return existsSync(path) ? path : null
}

let loaded = false
let tried = false

/** Whether the operations are known to TensorFlow. */
export function kernelsLoaded(): boolean {
  return loaded
}

/** Whether programs are made of them: they are loaded, or will be when TensorFlow is, out of this folder. */
export function kernelsUsed(dir: string | null): boolean {
  return tried ? loaded : dir !== null && kernelsPath(dir) !== null
}

/** Makes the operations known, after TensorFlow itself has been loaded. A file that cannot be loaded is left alone. */
export function loadKernels(dir: string): void {
  const path = kernelsPath(dir)
  tried = true
  if (path === null || loaded) return
  try {
    createRequire(import.meta.url)(path)
    loaded = true
  } catch {
    // Compiled elsewhere, or against another library: TensorFlow's operations do the same.
  }
}
