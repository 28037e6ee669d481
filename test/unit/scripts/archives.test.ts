import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { untar } from '../../../scripts/setup/tar.mjs'
import { unzip } from '../../../scripts/setup/zip.mjs'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'attune-archives-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** A zip file of stored and deflated entries, with a comment behind its end record. */
function zipOf(files: Record<string, { data: Buffer; stored?: boolean }>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, { data, stored }] of Object.entries(files)) {
    const packed = stored ? data : deflateRawSync(data)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(stored ? 0 : 8, 8)
    local.writeUInt16LE(Buffer.byteLength(name), 26)
    local.writeUInt16LE(5, 28) // an extra field that only the local header has
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(stored ? 0 : 8, 10)
    entry.writeUInt32LE(crc32(data), 16)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt32LE(data.length, 24)
    entry.writeUInt16LE(Buffer.byteLength(name), 28)
    entry.writeUInt32LE(offset, 42)
    parts.push(local, Buffer.from(name), Buffer.alloc(5), packed)
    directory.push(entry, Buffer.from(name))
    offset += 30 + Buffer.byteLength(name) + 5 + packed.length
  }
  const body = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt32LE(body.length, 12)
  end.writeUInt32LE(offset, 16)
  end.writeUInt16LE(7, 20)
  return Buffer.concat([...parts, body, end, Buffer.from('comment')])
}

function tarOf(files: { name: string; data: Buffer; type?: string }[]): Buffer {
  const blocks = files.flatMap(({ name, data, type = '0' }) => {
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write(data.length.toString(8).padStart(11, '0'), 124)
    header.write(type, 156)
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

describe('zip', () => {
  const big = Buffer.alloc(3_000_000, 'attune ')

  test('unpacks what is wanted to where it is wanted, stored or deflated, empty or large', async () => {
    const path = join(dir, 'a.zip')
    const files = {
      'pkg/big.bin': { data: big },
      'pkg/stored.txt': { data: Buffer.from('as it is'), stored: true },
      'pkg/empty.txt': { data: Buffer.alloc(0), stored: true },
      'pkg/': { data: Buffer.alloc(0), stored: true },
      'other.txt': { data: Buffer.from('unwanted') },
    }
    await writeFile(path, zipOf(files))
    const out = join(dir, 'out')
    let last: [number, number] = [0, 0]
    const names = await unzip(
      path,
      out,
      (name: string) => (name.startsWith('pkg/') ? name.slice(4) : null),
      (done: number, total: number) => {
        last = [done, total]
      },
    )
    expect(names).toEqual(['pkg/big.bin', 'pkg/stored.txt', 'pkg/empty.txt'])
    expect((await readFile(join(out, 'big.bin'))).equals(big)).toBe(true)
    expect(await readFile(join(out, 'stored.txt'), 'utf8')).toBe('as it is')
    expect(await readFile(join(out, 'empty.txt'), 'utf8')).toBe('')
    expect(last).toEqual([big.length + 8, big.length + 8])
  })

  test('says so when a file is no zip', async () => {
    const path = join(dir, 'no.zip')
    await writeFile(path, 'x'.repeat(100))
    await expect(unzip(path, dir, (name: string) => name)).rejects.toThrow('not a zip file')
  })
})

describe('tar', () => {
  test('gives the wanted regular files, across chunk borders', async () => {
    const path = join(dir, 'a.tgz')
    const files = [
      { name: 'package/a.txt', data: Buffer.from('one') },
      { name: 'package/folder', data: Buffer.alloc(0), type: '5' },
      { name: 'package/big.txt', data: Buffer.alloc(200_001, 'b') },
      { name: 'package/skip.json', data: Buffer.alloc(700, 's') },
      { name: 'package/z.txt', data: Buffer.from('last') },
    ]
    await writeFile(path, tarOf(files))
    const found: [string, number][] = []
    for await (const { name, bytes } of untar(path, (name: string) => name.endsWith('.txt')))
      found.push([name, bytes.length])
    expect(found).toEqual([
      ['package/a.txt', 3],
      ['package/big.txt', 200_001],
      ['package/z.txt', 4],
    ])
  })
})
