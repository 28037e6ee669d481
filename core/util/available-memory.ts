import { readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'
import { join } from 'node:path'

/** What a process may still take, and of how much in all. */
export interface AvailableMemory {
  readonly availableBytes: number
  readonly totalBytes: number
}

/** Reads a small file of the system's; null where there is none. A test gives its own. */
export type ReadSystemFile = (path: string) => string | null

/**
 * On Linux the kernel's own estimate of what can be had without swapping (MemAvailable), or less where a control group
 * (a container, a service) has a limit; elsewhere what is free.
 */
export function availableMemory(read: ReadSystemFile = readSystemFile): AvailableMemory {
  const info = read('/proc/meminfo')
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(info ?? '')?.[1])
  const machine = {
    availableBytes: kibibytes('MemAvailable') * 1024 || freemem(),
    totalBytes: kibibytes('MemTotal') * 1024 || totalmem(),
  }
  return groupsOf(read('/proc/self/cgroup') ?? '')
    .map((group) => roomIn(group, read))
    .filter((room) => room !== null)
    .reduce(narrower, machine)
}

/** Bytes that a process holds; null where that cannot be told (it has ended, or this is not Linux). */
export function residentBytesOf(pid: number, read: ReadSystemFile = readSystemFile): number | null {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return kibibytes === undefined ? null : Number(kibibytes) * 1024
}

interface Group {
  readonly limit: string
  readonly usage: string
  readonly statistics: string
}

/** The groups that a process is in, the inmost first: version 2's tree, and version 1's of memory. */
function groupsOf(text: string): Group[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) return []
    if (controllers === '') {
      return upwards(path).map((dir) => {
        const at = (name: string) => join('/sys/fs/cgroup', dir, name)
        return { limit: at('memory.max'), usage: at('memory.current'), statistics: at('memory.stat') }
      })
    }
    if (!controllers.split(',').includes('memory')) return []
    return upwards(path).map((dir) => {
      const at = (name: string) => join('/sys/fs/cgroup/memory', dir, name)
      return {
        limit: at('memory.limit_in_bytes'),
        usage: at('memory.usage_in_bytes'),
        statistics: at('memory.stat'),
      }
    })
  })
}

/** "/a/b" → "/a/b", "/a", "/" */
function upwards(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return Array.from({ length: parts.length + 1 }, (_, i) => `/${parts.slice(0, parts.length - i).join('/')}`)
}

/** Pages of files count as used, but go when memory is wanted. */
function roomIn({ limit, usage, statistics }: Group, read: ReadSystemFile): AvailableMemory | null {
  const most = Number(read(limit)?.trim())
  const used = Number(read(usage)?.trim())
  if (!Number.isFinite(most) || !Number.isFinite(used) || most === 0) return null
  const files = Number(/^(?:total_)?inactive_file (\d+)/m.exec(read(statistics) ?? '')?.[1] ?? 0)
  return { availableBytes: Math.max(0, most - used + files), totalBytes: most }
}

function narrower(a: AvailableMemory, b: AvailableMemory): AvailableMemory {
  return {
    availableBytes: Math.min(a.availableBytes, b.availableBytes),
    totalBytes: Math.min(a.totalBytes, b.totalBytes),
  }
}

function readSystemFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null // another system, or hidden from this process
  }
}
