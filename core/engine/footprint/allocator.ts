/**
 * Where TensorFlow puts tensors on the CPU: its best-fit allocator with coalescing (tsl/framework/bfc_allocator.cc,
 * TensorFlow 2.15), which oneDNN builds use for all of them. It takes regions from the system, each about twice as large
 * as the one before, and gives none back while the process lives. A page counts as memory once it has been written to,
 * so what a process needs is not what lies in the allocator but every place that anything ever lay.
 */

/** A piece of a region, in use or free. */
export interface Chunk {
  readonly region: number
  at: number
  size: number
  free: boolean
  before: Chunk | null
  after: Chunk | null
}

const alignment = 256
const pageBytes = 4096
const firstRegionBytes = 2 ** 21
const binCount = 21
/** A chunk that is larger than needed by so much is split even where it is not twice as large. */
const mostWasted = 2 ** 27

export class Allocator {
  /** Pages of each region that have been written to. */
  private readonly regions: Uint8Array[] = []
  /** Free chunks by the power of two of their size, each bin from the smallest up. */
  private readonly bins: Chunk[][] = Array.from({ length: binCount }, () => [])
  private nextRegionBytes = firstRegionBytes
  private touched = 0
  private used = 0
  private most = 0

  /** Bytes that tensors take now. */
  get liveBytes(): number {
    return this.used
  }

  /** The most that they ever took at once. */
  get peakBytes(): number {
    return this.most
  }

  /** Bytes that the process has been given for them: never falls. */
  get residentBytes(): number {
    return this.touched
  }

  allocate(bytes: number): Chunk {
    const size = Math.max(1, Math.ceil(bytes / alignment)) * alignment
    let chunk = this.take(size)
    if (chunk === null) {
      this.extend(size)
      chunk = this.take(size)
    }
    if (chunk === null) throw new Error(`a new region has no room for ${size} bytes`)
    this.used += chunk.size
    this.most = Math.max(this.most, this.used)
    this.touch(chunk, bytes)
    return chunk
  }

  release(chunk: Chunk): void {
    this.used -= chunk.size
    let whole = chunk
    if (whole.after?.free) this.join(whole, whole.after)
    if (whole.before?.free) {
      const { before } = whole
      this.leave(before)
      absorb(before, whole)
      whole = before
    }
    this.offer(whole)
  }

  private take(size: number): Chunk | null {
    for (let bin = binOf(size); bin < binCount; bin++) {
      const found = this.bins[bin]?.find((chunk) => chunk.size >= size)
      if (found === undefined) continue
      this.leave(found)
      if (found.size >= 2 * size || found.size - size >= mostWasted) this.split(found, size)
      return found
    }
    return null
  }

  private split(chunk: Chunk, size: number): void {
    const { region, after } = chunk
    const rest: Chunk = { region, at: chunk.at + size, size: chunk.size - size, free: true, before: chunk, after }
    if (after) after.before = rest
    chunk.after = rest
    chunk.size = size
    this.offer(rest)
  }

  private extend(size: number): void {
    let grown = false
    while (size > this.nextRegionBytes) {
      this.nextRegionBytes *= 2
      grown = true
    }
    const bytes = this.nextRegionBytes
    if (!grown) this.nextRegionBytes *= 2
    this.regions.push(new Uint8Array(bytes / pageBytes))
    this.offer({ region: this.regions.length - 1, at: 0, size: bytes, free: true, before: null, after: null })
  }

  private join(chunk: Chunk, next: Chunk): void {
    this.leave(next)
    absorb(chunk, next)
  }

  private offer(chunk: Chunk): void {
    chunk.free = true
    const bin = this.bins[binOf(chunk.size)] as Chunk[]
    const place = bin.findIndex((other) => isBefore(chunk, other))
    bin.splice(place === -1 ? bin.length : place, 0, chunk)
  }

  private leave(chunk: Chunk): void {
    chunk.free = false
    const bin = this.bins[binOf(chunk.size)] as Chunk[]
    bin.splice(bin.indexOf(chunk), 1)
  }

  private touch({ region, at }: Chunk, bytes: number): void {
    const pages = this.regions[region] as Uint8Array
    const end = Math.ceil((at + bytes) / pageBytes)
    for (let page = Math.floor(at / pageBytes); page < end; page++) {
      if (pages[page] === 1) continue
      pages[page] = 1
      this.touched += pageBytes
    }
  }
}

function binOf(size: number): number {
  return Math.min(binCount - 1, Math.floor(Math.log2(size / alignment)))
}

function isBefore(a: Chunk, b: Chunk): boolean {
  if (a.size !== b.size) return a.size < b.size
  return a.region === b.region ? a.at < b.at : a.region < b.region
}

/** `next` becomes part of `chunk`, which it follows. */
function absorb(chunk: Chunk, next: Chunk): void {
  chunk.size += next.size
  chunk.after = next.after
  if (next.after) next.after.before = chunk
}
