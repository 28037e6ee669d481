import { describe, expect, test } from 'vitest'
import { errorOf } from '../../support/temporary.ts'
import { readAll } from './tables.ts'

const content = 'text,label\nGrüße aus Köln — 漢字 🙂,a\nzweite,b\n'
const rows = [
  ['Grüße aus Köln — 漢字 🙂', 'a'],
  ['zweite', 'b'],
]

function utf16be(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16()
}

describe('D01 encodings', () => {
  test('UTF-8 without and with a byte order mark, UTF-16 with one', async () => {
    const mark = '\ufeff'
    const files: [string, Uint8Array][] = [
      ['utf-8', Buffer.from(content)],
      ['utf-8', Buffer.from(mark + content)],
      ['utf-16le', Buffer.from(mark + content, 'utf16le')],
      ['utf-16be', utf16be(mark + content)],
    ]
    for (const [encoding, bytes] of files) {
      const table = await readAll(bytes)
      expect(table).toMatchObject({ encoding, columns: ['text', 'label'], rows })
    }
  })

  test('a chosen encoding, with and without a mark', async () => {
    const windows = Buffer.from('text,label\nna\u00efve caf\u00e9,x\n', 'latin1')
    expect((await readAll(windows, 'a.csv', { encoding: 'windows-1252' })).rows).toEqual([['naïve café', 'x']])
    expect((await readAll(utf16be(content), 'a.csv', { encoding: 'utf-16be' })).rows).toEqual(rows)
    expect((await readAll(utf16be(`\ufeff${content}`), 'a.csv', { encoding: 'UTF-16BE' })).columns[0]).toBe('text')
    const japanese = Buffer.from([0x74, 0x2c, 0x6c, 0x0a, 0x8a, 0xbf, 0x8e, 0x9a, 0x2c, 0x61, 0x0a])
    expect((await readAll(japanese, 'a.csv', { encoding: 'shift_jis' })).rows).toEqual([['漢字', 'a']])
  })

  test('bad bytes are named by offset, and encodings are offered', async () => {
    const bytes = Buffer.concat([
      Buffer.from('text,label\nGr\u00fc\u00dfe '),
      Buffer.from([0xe9]),
      Buffer.from(' x,a\n'),
    ])
    const error = await errorOf('bad_file', () => readAll(bytes))
    expect(error.message).toContain(`byte ${bytes.indexOf(0xe9)} (0xE9)`)
    expect(error.details).toMatchObject({
      offset: bytes.indexOf(0xe9),
      encodings: expect.arrayContaining(['windows-1252']),
    })
  })

  test('wherever the bad byte is, also around the ends of the pieces that are read', async () => {
    const piece = 65_536
    for (const at of [piece - 3, piece - 2, piece - 1, piece, piece + 1, 2 * piece + 5]) {
      for (const lead of ['', '\u00e9', '漢', '🙂']) {
        const bytes = Buffer.concat([
          Buffer.from('t,l\n'),
          Buffer.alloc(at - 4 - Buffer.byteLength(lead), 'a'),
          Buffer.from(lead),
          Buffer.from([0xff]),
          Buffer.from('b,c\n'),
        ])
        expect((await errorOf('bad_file', () => readAll(bytes))).details).toMatchObject({ offset: at })
      }
    }
  })

  test('a character cut by the end of a piece, or by the end of the file', async () => {
    const long = `text,label\n${'漢'.repeat(30_000)},a\n`
    expect((await readAll(long)).rows[0]?.[0]).toBe('漢'.repeat(30_000))
    const cut = Buffer.from('text,label\nab 漢').subarray(0, -1)
    expect((await errorOf('bad_file', () => readAll(cut))).message).toContain('ends in the middle of a character')
  })

  test('an encoding that does not exist', async () => {
    const error = await errorOf('bad_request', () => readAll(content, 'a.csv', { encoding: 'utf-9' }))
    expect(error.message).toContain('"utf-9"')
  })
})

describe('D06 odd characters', () => {
  test('a NUL is named by byte, UTF-16 without a mark with it', async () => {
    const nul = 'text,label\nab\0c,x\n'
    expect((await errorOf('bad_file', () => readAll(nul))).message).toContain('NUL character at byte 13')
    const unmarked = await errorOf('bad_file', () => readAll(Buffer.from('text,label\na,b\n', 'utf16le')))
    expect(unmarked.message).toMatch(/NUL.*UTF-16/)
  })

  test('right-to-left, zero-width and private characters are kept', async () => {
    const odd = 'a\u200bb\u202ec\u2066 שלום \ue000\u00ad'
    expect((await readAll(`text,label\n${odd},x\n`)).rows).toEqual([[odd, 'x']])
  })

  test('lone surrogates of JSON escapes are kept', async () => {
    const { rows } = await readAll('{"text":"a\\ud800b","label":"x"}\n', 'data.jsonl')
    expect(rows).toEqual([['a\ud800b', 'x']])
  })

  test('integers beyond 2^53 keep their digits', async () => {
    const { rows, columns } = await readAll(
      '{"id":12345678901234567890,"n":[9007199254740993],"f":1.50}\n',
      'data.jsonl',
    )
    expect(columns).toEqual(['id', 'n', 'f'])
    expect(rows).toEqual([['12345678901234567890', '[9007199254740993]', '1.50']])
  })
})
