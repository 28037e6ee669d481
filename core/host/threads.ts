import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { AttuneError } from '../contract/errors.ts'

/**
 * How many threads the engine computes with: ATTUNE_THREADS, else one per physical core. Two threads on one core share
 * its vector units, so matrix products gain nothing from the second.
 */
export function engineThreads(chosen = process.env.ATTUNE_THREADS): number {
  if (chosen === undefined || chosen === '') return physicalCores()
  const threads = Number(chosen)
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
    throw new AttuneError('bad_config', `ATTUNE_THREADS is "${chosen}"; it must be a whole number from 1 to 1024.`)
  }
  return threads
}

/** Never more than this process may use (a container's or an affinity mask's share). */
function physicalCores(): number {
  const usable = availableParallelism()
  if (process.platform !== 'linux') return usable
  try {
    return Math.min(usable, coresInCpuInfo(readFileSync('/proc/cpuinfo', 'utf8')) ?? usable)
  } catch {
    return usable // a sandbox may hide the file
  }
}

/** Distinct pairs of socket and core in Linux's /proc/cpuinfo; null where it does not tell (arm). */
export function coresInCpuInfo(text: string): number | null {
  const cores = new Set<string>()
  for (const processor of text.split('\n\n')) {
    const core = /^core id\s*:\s*(\d+)/m.exec(processor)?.[1]
    const socket = /^physical id\s*:\s*(\d+)/m.exec(processor)?.[1] ?? '0'
    if (core !== undefined) cores.add(`${socket}/${core}`)
  }
  return cores.size === 0 ? null : cores.size
}
