import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dtypeBytes, toFloat32 } from '../../../core/checkpoint/dtypes.ts'
import {
  openSafetensors,
  readHeader,
  streamSafetensors,
  type TensorToWrite,
  writeSafetensors,
} from '../../../core/checkpoint/safetensors.ts'
import { AttuneError } from '../../../core/contract/errors.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'
import { fileBytes, storedFile, tensor } from './safetensors-files.ts'

/** The sentence with which a file is refused. */
async function refusal(bytes: Uint8Array): Promise<string> {
  const path = await storedFile(bytes)
  return (await errorOf('bad_file', () => readHeader(path))).message
}

describe('T01 header lengths', () => {
  test.each([0n, 7n, 200n, 100_000_001n, (1n << 53n) + 1n, (1n << 64n) - 1n])('%d', async (length) => {
    const bytes = fileBytes({}, 100)
    bytes.writeBigUInt64LE(length)
    expect(await refusal(bytes)).toContain('not a valid safetensors file')
  })

  test('a file of less than eight bytes, an empty one, and a folder', async () => {
    expect(await refusal(Buffer.from('{}'))).toContain('2 bytes')
    expect(await refusal(Buffer.alloc(0))).toContain('0 bytes')
    const dir = await temporaryFolder()
    await errorOf('bad_file', () => readHeader(dir))
    await errorOf('not_found', () => readHeader(join(dir, 'absent.safetensors')))
  })

  test('a giant length is refused before anything of that size is allocated', async () => {
    const bytes = fileBytes({}, 100)
    bytes.writeBigUInt64LE(99_999_999n)
    const path = await storedFile(bytes)
    const before = process.memoryUsage().arrayBuffers
    await errorOf('bad_file', () => readHeader(path))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20)
  })
})

describe('T02 layouts', () => {
  test.each([
    ['overlap', { a: tensor([2], 0, 8), b: tensor([2], 4, 12) }, 12, /"b" overlaps/],
    ['gap', { a: tensor([2], 0, 8), b: tensor([2], 12, 20) }, 20, /"b" leaves a gap/],
    ['gap at the start', { a: tensor([2], 4, 12) }, 12, /"a" leaves a gap/],
    ['reversed', { a: tensor([2], 8, 0) }, 8, /"a" ends before it starts/],
    ['size', { a: tensor([3], 0, 8) }, 8, /"a" F32 \[3\] needs 12 bytes but is given 8/],
    ['trailing bytes', { a: tensor([2], 0, 8) }, 9, /after the last tensor/],
    ['short file', { a: tensor([2], 0, 8) }, 7, /cut off/],
    ['beyond the file', { a: tensor([2], 8, 16) }, 8, /"a" leaves a gap/],
  ])('%s', async (_name, header, dataBytes, message) => {
    expect(await refusal(fileBytes(header, dataBytes))).toMatch(message)
  })

  test('empty tensors may share a place', async () => {
    const path = await storedFile(fileBytes({ a: tensor([0], 0, 0), b: tensor([1], 0, 4), c: tensor([2, 0], 4, 4) }, 4))
    expect([...readHeader(path).tensors.keys()]).toEqual(['a', 'b', 'c'])
  })
})

describe('T03 shapes', () => {
  const big = 2 ** 40
  test.each([
    ['product beyond 2^53', { a: tensor([big, big], 0, 8) }, /"a" has an impossible shape/],
    ['overflow that a zero would hide', { a: tensor([big, big, 0], 0, 0) }, /"a" has an impossible shape/],
    ['negative', { a: tensor([-2], 0, 8) }, /whole number of tensor "a"/],
    ['fraction', { a: tensor([1.5], 0, 8) }, /whole number of tensor "a"/],
    ['number beyond 2^53', { a: tensor([2 ** 60], 0, 8) }, /"a" has a number beyond 2\^53/],
    ['rank', { a: tensor(new Array(9).fill(1), 0, 4) }, /"a" has more than 8/],
    ['rank of a million', { a: tensor(new Array(1_000_000).fill(1), 0, 4) }, /"a" has more than 8/],
    ['three offsets', { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 4] } }, /more than 2/],
    ['one offset', { a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, /"a" lacks/],
  ])('%s', async (_name, header, message) => {
    expect(await refusal(fileBytes(header, 8))).toMatch(message)
  })

  test('a hundred thousand tensors on one range, and more than that', async () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, tensor([2], 0, 8)]))
    expect(await refusal(fileBytes(many(100_000), 8))).toMatch(/overlaps/)
    expect(await refusal(fileBytes(many(100_001), 8))).toMatch(/more than 100000 tensors/)
  })
})

describe('T04 names and texts', () => {
  const one = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
  test.each([
    ['duplicate names', `{"a":${one},"a":${one}}`, /"a" occurs twice/],
    [
      'duplicate fields',
      '{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      /"dtype" occurs twice/,
    ],
    ['duplicate names, one escaped', `{"a":${one},"\\u0061":${one}}`, /"a" occurs twice/],
    ['__proto__', `{"__proto__":${one}}`, /"__proto__"/],
    ['unknown dtype', `{"a":${one.replace('F32', 'F31')}}`, /"a" has the unknown dtype "F31"/],
    ['dtype of Object', `{"a":${one.replace('F32', 'toString')}}`, /unknown dtype "toString"/],
    ['unknown field', `{"a":${one.replace('{', '{"stride":1,')}}`, /"a" has the unknown field "stride"/],
    ['metadata that is no text', '{"__metadata__":{"a":1}}', /a text in quotes/],
    ['nesting', `{"a":${'['.repeat(100_000)}`, /there should be "\{"/],
    ['nesting in a shape', `{"a":{"shape":${'['.repeat(100_000)}`, /whole number/],
    ['not an object', `[${one}]`, /does not begin with/],
    ['space before it', ` {"a":${one}}`, /does not begin with/],
    ['cut off', `{"a":${one}`, /there should be "\}"/],
    ['something after it', `{"a":${one}} x`, /the end of the header/],
    ['bad escape', `{"\\x":${one}}`, /not valid JSON/],
    ['control character', `{"a\nb":${one}}`, /not valid JSON/],
    ['leading zero', `{"a":${one.replace('[1]', '[01]')}}`, /there should be/],
    ['exponent', `{"a":${one.replace('[1]', '[1e0]')}}`, /whole number/],
  ])('%s', async (_name, header, message) => {
    expect(await refusal(fileBytes(header, 4))).toMatch(message)
  })

  test('bad UTF-8', async () => {
    const header = Buffer.from(`{"a_":${one}}`)
    header[3] = 0xff
    expect(await refusal(fileBytes(header, 4))).toContain('UTF-8')
  })

  test('odd but legal names', async () => {
    const path = await storedFile(
      fileBytes(`{"constructor":${one}, "a\\"b\\u00e9" : ${one.replace('[0,4]', '[4,8]')}}   `, 8),
    )
    expect([...readHeader(path).tensors.keys()]).toEqual(['constructor', 'a"bé'])
  })
})

describe('T05 fuzz', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !text.startsWith('__'))
  const shape = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 })
  const metadata = fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.string(),
    { maxKeys: 3 },
  )
  const tensors = fc.uniqueArray(
    fc.tuple(name, shape, fc.integer()).map(([text, lengths, bits]): TensorToWrite => {
      const size = lengths.reduce((a, b) => a * b, 1)
      return { name: text, shape: lengths, data: new Float32Array(size).map((_, i) => Math.fround(bits / (i + 1))) }
    }),
    { selector: ({ name: text }) => text, maxLength: 6 },
  )

  test('2,000 files round trip', async () => {
    const path = join(await temporaryFolder(), 'a.safetensors')
    await fc.assert(
      fc.asyncProperty(tensors, metadata, async (written, about) => {
        const bytes = await writeSafetensors(path, written, about)
        const file = openSafetensors(path)
        expect(file.bytes).toBe(bytes)
        expect(file.metadata).toEqual(about)
        expect([...file.tensors.keys()]).toEqual(written.map((one) => one.name).sort())
        for (const { name: text, shape: lengths, data } of written) {
          expect(file.tensors.get(text)?.shape).toEqual(lengths)
          expect(file.read(text)).toEqual(data)
        }
        file.close()
      }),
      { numRuns: 2000, seed: 5 },
    )
  })

  test('2,000 files with bytes changed, cut or added are read right or refused by name', async () => {
    const dir = await temporaryFolder()
    const path = join(dir, 'a.safetensors')
    await writeSafetensors(path, [
      { name: 'bert.a.weight', shape: [2, 3], data: new Float32Array(6) },
      { name: 'bert.b.bias', shape: [3], data: new Float32Array(3) },
    ])
    const whole = await readFile(path)
    const headerEnd = 8 + Number(whole.readBigUInt64LE())
    const change = fc.record({ at: fc.nat(headerEnd - 1), byte: fc.nat(255), cut: fc.nat(40), cuts: fc.boolean() })
    let refused = 0
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        let bytes = Buffer.from(whole)
        for (const { at, byte, cut, cuts } of changes) {
          bytes[Math.min(at, bytes.length - 1)] = byte
          if (cuts && cut > 0) bytes = Buffer.from(bytes.subarray(0, Math.max(9, bytes.length - cut)))
        }
        await writeFile(path, bytes)
        try {
          const file = openSafetensors(path)
          const total = [...file.tensors.values()].reduce((sum, { start, end }) => sum + end - start, 0)
          const start = 8 + Number(bytes.readBigUInt64LE())
          expect(total).toBe(bytes.length - start)
          file.close()
        } catch (error) {
          if (!(error instanceof AttuneError) || error.code !== 'bad_file') throw error
          refused++
        }
      }),
      { numRuns: 2000, seed: 6 },
    )
    // Most changes break the file: the property above is not empty.
    expect(refused).toBeGreaterThan(1000)
  })
})

describe('dtypes', () => {
  test('F16 and BF16 widen exactly, subnormals, infinities and NaN included', () => {
    const words = (values: number[]) => new Uint8Array(Uint16Array.from(values).buffer)
    const half = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x7c00, 0xfc00, 0x7e00, 0x3555]
    const asHalf = [0, -0, 1, -2, 65504, 2 ** -14, 2 ** -24, 1023 * 2 ** -24, Infinity, -Infinity, NaN, 0.333251953125]
    expect(Array.from(toFloat32('F16', words(half)))).toEqual(asHalf)
    const brain = [0x0000, 0x8000, 0x3f80, 0xc000, 0x7f7f, 0x0001, 0x7f80, 0xff80, 0x7fc0, 0x3eab]
    const asBrain = [0, -0, 1, -2, 3.3895313892515355e38, 9.183549615799121e-41, Infinity, -Infinity, NaN, 0.333984375]
    expect(Array.from(toFloat32('BF16', words(brain)))).toEqual(asBrain)
  })

  test('are read as float32, or listed and refused', async () => {
    const data = Buffer.concat([
      Buffer.from(Float32Array.of(1.5).buffer),
      Buffer.from([0x00, 0x3c, 0x80, 0x3f]),
      Buffer.alloc(8),
    ])
    const header = {
      single: tensor([1], 0, 4),
      half: tensor([1], 4, 6, 'F16'),
      brain: tensor([1], 6, 8, 'BF16'),
      position_ids: tensor([1], 8, 16, 'I64'),
    }
    const file = openSafetensors(await storedFile(fileBytes(header, data)))
    expect([file.read('single'), file.read('half'), file.read('brain')].map((values) => values[0])).toEqual([1.5, 1, 1])
    expect((await errorOf('unsupported', () => file.read('position_ids'))).message).toContain('"position_ids" is I64')
    await errorOf('not_found', () => file.read('absent'))
    file.close()
  })

  test('of every known kind have the size that the header says', async () => {
    for (const [dtype, bytes] of Object.entries(dtypeBytes)) {
      const path = await storedFile(fileBytes({ a: tensor([3], 0, 3 * bytes, dtype) }, 3 * bytes))
      expect(readHeader(path).tensors.get('a')?.dtype).toBe(dtype)
    }
  })
})

describe('writing', () => {
  test('sorts, pads and labels as the reference writer does', async () => {
    const path = join(await temporaryFolder(), 'a.safetensors')
    const b = { name: 'b', shape: [2], data: Float32Array.of(1, 2) }
    const a = { name: 'a', shape: [], data: Float32Array.of(3) }
    await writeSafetensors(path, [b, a])
    const bytes = await readFile(path)
    const length = Number(bytes.readBigUInt64LE())
    expect(length % 8).toBe(0)
    // safetensors.torch.save({'a': tensor(3.), 'b': tensor([1., 2.])}, metadata={'format': 'pt'}) writes the same bytes.
    expect(
      bytes
        .subarray(8, 8 + length)
        .toString()
        .trimEnd(),
    ).toBe(
      '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}',
    )
    expect(bytes.length).toBe(8 + length + 12)
  })

  test('refuses what would be a wrong file', async () => {
    const path = join(await temporaryFolder(), 'a.safetensors')
    const one = { name: 'a', shape: [1], data: new Float32Array(1) }
    await expect(writeSafetensors(path, [one, one])).rejects.toThrow('twice')
    await expect(writeSafetensors(path, [{ ...one, shape: [2] }])).rejects.toThrow('[2]')
    const two = { name: 'b', shape: [1], data: new Float32Array(1) }
    await expect(streamSafetensors(path, [two, one], [two, one])).rejects.toThrow('out of order')
    await expect(streamSafetensors(path, [one, two], [one])).rejects.toThrow('"b"')
    await expect(streamSafetensors(path, [one, two], [two, one])).rejects.toThrow('"b" has 1 values where "a"')
  })
})

test('T10 a file of 3 GiB is read by ranges', async () => {
  const path = join(await temporaryFolder(), 'large.safetensors')
  const large = 3 * 2 ** 30
  const head = fileBytes({ before: tensor([large], 0, large, 'U8'), tail: tensor([2, 1], large, large + 8) })
  const file = await open(path, 'w')
  // A hole in the file: it takes no room on the disk.
  await file.write(head, 0, head.length, 0)
  await file.write(Buffer.from(Float32Array.of(1.25, -3).buffer), 0, 8, head.length + large)
  await file.close()
  expect((await stat(path)).size).toBe(head.length + large + 8)
  const opened = openSafetensors(path)
  expect(opened.read('tail')).toEqual(Float32Array.of(1.25, -3))
  opened.close()
})
