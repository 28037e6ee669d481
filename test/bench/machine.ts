import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { program } from '../../core/host/program.ts'

/** Where and with what it was measured. */
export interface Machine {
  readonly attune: string
  readonly node: string
  readonly tensorflow: string
  /** Versions of the Python side, or why there is none. */
  readonly peer: string
  readonly processor: string
  readonly cores: number
  readonly threads: number
  readonly memory: string
  readonly system: string
  /** Mean number of busy threads in the minute before: above 0.5 the figures are not to be trusted. */
  readonly load: string
}

export function describeMachine(threads: number, tensorflow: string, peer: string): Machine {
  return {
    attune: program().version,
    node: process.versions.node,
    tensorflow,
    peer,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    threads,
    memory: `${(totalmem() / 1e9).toFixed(1)} GB`,
    system: `${process.platform} ${release()} ${process.arch}`,
    load: (loadavg()[0] ?? 0).toFixed(2),
  }
}
