import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'

/**
 * The regular files of an npm tarball (ustar, gzipped), one after another: { name, bytes }. Names longer than the
 * header's 255 bytes (pax records) are not read; npm's own packages have none. Files for which `wanted(name)` is false
 * are passed over.
 */

const block = 512

function text(header, start, length) {
  const field = header.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end)
}

export async function* untar(path, wanted) {
  let pending = Buffer.alloc(0)
  let entry = null
  for await (const chunk of createReadStream(path).pipe(createGunzip())) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    while (true) {
      if (entry === null) {
        if (pending.length < block) break
        const header = pending.subarray(0, block)
        pending = pending.subarray(block)
        if (header[0] === 0) continue // the two empty blocks at the end
        const prefix = text(header, 345, 155)
        const regular = header[156] === 0 || header[156] === 0x30
        const size = Number.parseInt(text(header, 124, 12), 8)
        if (Number.isNaN(size)) throw new Error('the tar file is damaged: an entry has no size')
        const name = (prefix ? `${prefix}/` : '') + text(header, 0, 100)
        entry = { name, size, wanted: regular && wanted(name) }
      }
      const padded = Math.ceil(entry.size / block) * block
      if (pending.length < padded) break
      if (entry.wanted) yield { name: entry.name, bytes: Buffer.from(pending.subarray(0, entry.size)) }
      pending = pending.subarray(padded)
      entry = null
    }
  }
  if (entry !== null) throw new Error(`the tar file ends in the middle of ${entry.name}`)
}
