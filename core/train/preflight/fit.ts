import type { Alternative, MemoryForecast } from '../../contract/preflight.ts'
import { availableMemory } from '../../util/available-memory.ts'
import type { HostMemory } from '../../worker/protocol.ts'
import { fittingSettings } from './alternatives.ts'
import type { MemoryNeed } from './memory.ts'
import type { Setup } from './setup.ts'
import { comfortable, memoryVerdict } from './verdict.ts'

/** A run's memory beside what its process may take now. */
export function memoryForecast(host: HostMemory, need: MemoryNeed): MemoryForecast {
  const parts = need.parts.map((part) =>
    part.name === 'program' ? { ...part, bytes: part.bytes + host.restingBytes } : part,
  )
  return {
    peakBytes: need.bytes + host.restingBytes,
    neededBytes: neededBytes(host, need.bytes),
    availableBytes: mayTake(host),
    parts,
    source: need.certain ? 'graph' : 'bound',
  }
}

/** Settings with which the run would fit; none where it fits as it is. */
export async function alternativesTo(setup: Setup, need: MemoryNeed, memory: MemoryForecast): Promise<Alternative[]> {
  const { neededBytes: needed, availableBytes } = memory
  if (memoryVerdict(needed, availableBytes) !== 'does not fit') return []
  return within(setup, need, mostBytes(setup.spec.host, availableBytes))
}

/**
 * The same of a run whose memory was not enough, whatever its forecast is: others may have taken it meanwhile, so what is
 * clearly less than it wants counts as fitting.
 */
export async function alternativesAfterFailure(setup: Setup, need: MemoryNeed): Promise<Alternative[]> {
  const { host } = setup.spec
  return within(setup, need, Math.min(mostBytes(host, mayTake(host)), comfortable * need.bytes))
}

async function within(setup: Setup, need: MemoryNeed, bytes: number): Promise<Alternative[]> {
  const { host } = setup.spec
  const fitting = await fittingSettings(setup, need, bytes)
  return fitting.map(({ settings, need: { bytes } }) => ({
    settings,
    peakBytes: bytes + host.restingBytes,
    neededBytes: neededBytes(host, bytes),
  }))
}

/** Beyond what the process holds, a reserve for everything else left out. */
function mayTake({ othersBytes }: HostMemory): number {
  const { availableBytes, totalBytes } = availableMemory()
  return Math.max(0, availableBytes + othersBytes - reserveOf(totalBytes))
}

/** Kept for everything else on the machine: a twentieth of its memory, at least 256 MB and at most 1 GB. */
function reserveOf(totalBytes: number): number {
  return Math.min(1e9, Math.max(256e6, totalBytes / 20))
}

/** Of a run that fits well. */
function mostBytes({ heldBytes, restingBytes }: HostMemory, availableBytes: number): number {
  return comfortable * availableBytes + heldBytes - restingBytes
}

/** What the process holds from earlier runs is used again. */
function neededBytes({ restingBytes, heldBytes }: HostMemory, runBytes: number): number {
  return Math.max(0, runBytes + restingBytes - heldBytes)
}
