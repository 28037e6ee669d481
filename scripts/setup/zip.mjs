import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'

/**
 * A reader for the zip files that wheels are (PKWARE APPNOTE 6.3): central directory, stored and deflated entries,
 * no zip64, no encryption. Streams, so that an entry of half a gigabyte takes no memory. Contents are not checked
 * against their CRC: callers check the SHA-256 of the whole archive first.
 */

const endSignature = 0x06054b50
const entrySignature = 0x02014b50
const localSignature = 0x04034b50
const endLength = 22

async function readAt(file, position, length) {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

/** The end record lies before a comment of at most 65,535 bytes: search backwards. */
async function readEnd(file, archiveSize) {
  const length = Math.min(archiveSize, endLength + 0xffff)
  const tail = await readAt(file, archiveSize - length, length)
  for (let at = tail.length - endLength; at >= 0; at--) {
    if (tail.readUInt32LE(at) === endSignature) return tail.subarray(at)
  }
  throw new Error('not a zip file: it has no end record')
}

/** All entries, in the archive's order: { name, method, packed, size, offset }, sizes in bytes. */
async function entriesOf(file) {
  const { size: archiveSize } = await file.stat()
  const end = await readEnd(file, archiveSize)
  const directory = await readAt(file, end.readUInt32LE(16), end.readUInt32LE(12))
  const entries = []
  for (let at = 0; at < directory.length; ) {
    if (directory.readUInt32LE(at) !== entrySignature)
      throw new Error('the central directory of the zip file is damaged')
    const nameLength = directory.readUInt16LE(at + 28)
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      packed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    })
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return entries
}

/**
 * Unpacks the entries for which `destination(name)` gives a relative path (null leaves one out) below `dir`.
 * Resolves to the names unpacked. `onBytes(done, total)` counts unpacked bytes.
 */
export async function unzip(archive, dir, destination, onBytes = undefined) {
  const file = await open(archive)
  try {
    const wanted = (await entriesOf(file)).filter(
      (entry) => !entry.name.endsWith('/') && destination(entry.name) !== null,
    )
    const total = wanted.reduce((sum, entry) => sum + entry.size, 0)
    let done = 0
    for (const entry of wanted) {
      const local = await readAt(file, entry.offset, 30)
      if (local.readUInt32LE(0) !== localSignature) throw new Error(`${entry.name} is not where the zip file says`)
      const start = entry.offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
      const path = join(dir, destination(entry.name))
      await mkdir(dirname(path), { recursive: true })
      const source =
        entry.packed === 0
          ? [Buffer.alloc(0)]
          : createReadStream(archive, { start, end: start + entry.packed - 1, highWaterMark: 1 << 20 })
      const target = createWriteStream(path)
      const count = async function* (chunks) {
        for await (const chunk of chunks) {
          done += chunk.length
          onBytes?.(done, total)
          yield chunk
        }
      }
      if (entry.method === 8) await pipeline(source, createInflateRaw({ chunkSize: 1 << 20 }), count, target)
      else if (entry.method === 0) await pipeline(source, count, target)
      else throw new Error(`${entry.name} is packed by method ${entry.method}, which is not read here`)
      if (target.bytesWritten !== entry.size) throw new Error(`${entry.name} unpacks to a wrong length`)
    }
    return wanted.map((entry) => entry.name)
  } finally {
    await file.close()
  }
}
