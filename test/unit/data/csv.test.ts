import { describe, expect, test } from 'vitest'
import { openTable } from '../../../core/data/readers/table.ts'
import { errorOf } from '../../support/temporary.ts'
import { fileWith, readAll } from './tables.ts'

describe('D02 rows and headers that do not fit', () => {
  test('ragged rows are problems by line; the others are read', async () => {
    const { rows, problems, lines } = await readAll('text,label\na,x\nb\n"c\nc",y,z\nd,w\n')
    expect(rows).toEqual([
      ['a', 'x'],
      ['d', 'w'],
    ])
    expect(lines).toEqual([2, 6])
    expect(problems).toEqual(['3: The row has 1 field, the header 2.', '4: The row has 3 fields, the header 2.'])
  })

  test('duplicate and empty headers are renamed and said, so that no column is lost', async () => {
    const { columns, rows, problems } = await readAll('text,,text, text_2 ,\n1,2,3,4,5\n')
    expect(columns).toEqual(['text', 'column_2', 'text_3', 'text_2', 'column_5'])
    expect(rows).toEqual([['1', '2', '3', '4', '5']])
    expect(problems).toHaveLength(3)
    expect(problems.join()).toMatch(/Column 2 has no name.*"text" more than once; column 3.*Column 5/)
  })

  test('an empty file, one of empty lines, and a header only are told apart', async () => {
    expect((await errorOf('bad_file', () => readAll(''))).message).toContain('is empty')
    expect((await errorOf('bad_file', () => readAll('\n\r\n\n'))).message).toContain('no header')
    expect(await readAll('text,label\n')).toMatchObject({ columns: ['text', 'label'], rows: [], problems: [] })
    expect(await readAll('text,label')).toMatchObject({ columns: ['text', 'label'], rows: [] })
  })

  test('empty lines are skipped and counted', async () => {
    const { rows, lines } = await readAll('\n\ntext,label\n\na,x\n\n\nb,y\n\n')
    expect(rows).toHaveLength(2)
    expect(lines).toEqual([5, 8])
  })

  test('a stray quote is a problem, which says what it took with it', async () => {
    const { rows, problems } = await readAll('text,label\na "b" c,x\n"d" e,y\n"f",z\ng,w\n')
    expect(rows).toEqual([['g', 'w']])
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatch(/^2: There is a quote inside a field/)
    expect(problems[1]).toMatch(/^3: There is a quote.*up to line 4 was lost/)
  })

  test('a stray quote in the last row, and in the header', async () => {
    const { rows, problems } = await readAll('text,label\na,x\nb"c,y')
    expect(rows).toEqual([['a', 'x']])
    expect(problems).toEqual([expect.stringMatching(/^3: /)])
    expect((await errorOf('bad_file', () => readAll('te"xt,label\na,x\n'))).message).toContain('line 1')
  })

  test('more columns than 10,000', async () => {
    const header = Array.from({ length: 10_001 }, (_, i) => `c${i}`).join(',')
    expect((await errorOf('bad_file', () => readAll(`${header}\n`))).message).toContain('10001 columns')
  })
})

describe('D03 what never ends', () => {
  /** Bytes of a large file that are read before the error. */
  async function bytesRead(content: string, fileName: string, message: RegExp): Promise<number> {
    let done = 0
    const onBytes = (bytes: number) => {
      done = bytes
    }
    const path = await fileWith(content, fileName)
    const error = await errorOf('bad_file', async () => {
      for await (const _ of (await openTable(path, fileName, { onBytes })).items);
    })
    expect(error.message).toMatch(message)
    return done
  }

  test('a quote that is never closed stops at the record limit, naming the line of the quote', async () => {
    const content = `text,label\nfine,x\n"two\nlines","open\n${'long text, with commas\n'.repeat(400_000)}`
    const bytes = await bytesRead(content, 'data.csv', /longer than 1 MiB.*line 4 is never closed/)
    expect(bytes).toBeLessThan(1.2 * (1 << 20))
  })

  test('a quote that is open at the end of the file', async () => {
    const error = await errorOf('bad_file', () => readAll('text,label\na,x\n"b\nc,y\nd,z\n'))
    expect(error.message).toContain('a quote that opens on line 3 is never closed')
    expect(error.details).toEqual({ line: 3 })
  })

  test('a single endless line', async () => {
    const bytes = await bytesRead(`text,label\n${'x'.repeat(8 << 20)}`, 'data.csv', /line 2 is longer than 1 MiB/)
    expect(bytes).toBeLessThan(1.2 * (1 << 20))
    const json = `{"text":"a"}\n{"text":"${'x'.repeat(24 << 20)}"}\n`
    expect(await bytesRead(json, 'data.jsonl', /line 2 is longer than 10 MiB/)).toBeLessThan(10.5 * (1 << 20))
  })
})

describe('D04 names that objects already have', () => {
  test('are plain columns', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const csv = await readAll(`${names.join(',')}\n1,2,3,4\n`)
    expect(csv.columns).toEqual(names)
    expect(csv.rows).toEqual([['1', '2', '3', '4']])
    const jsonl = await readAll('{"__proto__":{"x":1},"constructor":"c"}\n', 'data.jsonl')
    expect(jsonl.columns).toEqual(['__proto__', 'constructor'])
    expect(jsonl.rows).toEqual([['{"x":1}', 'c']])
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })
})

describe('D05 newlines and delimiters', () => {
  const lines = ['text,label', 'a,x', '"b, ""c""",y', 'd,z', '']

  test('CR, LF, CRLF and a mix give the same rows and the same lines', async () => {
    const expected = await readAll(lines.join('\n'))
    expect(expected.rows).toEqual([
      ['a', 'x'],
      ['b, "c"', 'y'],
      ['d', 'z'],
    ])
    for (const ends of [['\r'], ['\r\n'], ['\r\n', '\n', '\r'], ['\n', '\r\n']]) {
      const content = lines.reduce((text, line, i) => text + (ends[(i - 1) % ends.length] as string) + line)
      expect(await readAll(content)).toEqual(expected)
    }
  })

  test('newlines in quotes are one character, and lines are counted on', async () => {
    const { rows, lines: found } = await readAll('text,label\r\n"a\r\n\r\nb",x\r\nc,y\r\n')
    expect(rows[0]).toEqual(['a\n\nb', 'x'])
    expect(found).toEqual([2, 5])
  })

  test('a CRLF cut by the end of a piece', async () => {
    const first = 'x'.repeat(65_536 - 'text,label\r\n'.length - ',a\r'.length)
    const { rows, lines: found } = await readAll(`text,label\r\n${first},a\r\nb,c\r\n`)
    expect(rows).toHaveLength(2)
    expect(found).toEqual([2, 3])
  })

  test('comma, semicolon, tab and bar are told apart, or chosen', async () => {
    for (const delimiter of [',', ';', '\t', '|']) {
      const content = `text,label\n"a; b, c | d\te",x\n"second ""quoted"" text",y\n`
      const other = content.replaceAll(/,(?=label|x|y)/g, delimiter)
      const table = await readAll(other)
      expect(table.delimiter).toBe(delimiter)
      expect(table.rows[0]).toEqual(['a; b, c | d\te', 'x'])
    }
    expect((await readAll('a;b\nc,d;e\n', 'a.csv', { delimiter: ',' })).columns).toEqual(['a;b'])
    // Prose is full of commas: what cuts all rows alike wins.
    expect((await readAll('text;label\na, b, c;x\nd, e;y\nf;z\n')).delimiter).toBe(';')
  })
})

describe('the format', () => {
  test('comes from content where it is plain, else from the name', async () => {
    expect((await readAll('{"text":"a","label":"b"}\n', 'data.txt')).format).toBe('jsonl')
    expect((await readAll('{"text":"a","label":"b"}\n', 'data.json')).format).toBe('jsonl')
    expect((await readAll('{a},b\n1,2\n', 'data.csv')).format).toBe('csv')
  })

  test('of files that are no tables is named, with what to do', async () => {
    const files: [string | Uint8Array, string, RegExp][] = [
      ['PK\x03\x04abc', 'sheet.xlsx', /Excel sheet.*save the sheet as CSV/],
      [Buffer.from([0x1f, 0x8b, 8, 0]), 'a.csv.gz', /gzip.*Unpack/],
      ['PAR1xxxx', 'a.parquet', /Parquet/],
      ['[{"text":"a"}]', 'a.json', /JSON list.*JSONL/],
    ]
    for (const [content, name, message] of files) {
      expect((await errorOf('unsupported', () => readAll(content, name))).message).toMatch(message)
    }
  })

  test('of something that is no file', async () => {
    const path = await fileWith('x')
    await errorOf('not_found', () => openTable(`${path}.absent`, 'absent.csv'))
  })
})
