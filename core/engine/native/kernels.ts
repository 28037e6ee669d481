import { createRequire } from 'node:module'

let loaded = false

export function kernelsLoaded(): boolean {
  return loaded
}

export function loadKernels(): void {
  const path = process.env.ATTUNE_KERNELS
  if (!path) return
  createRequire(import.meta.url)(path)
  loaded = true
}
